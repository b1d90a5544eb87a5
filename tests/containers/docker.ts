/** The container engine's own command, as the operator types it. */
import { spawn } from 'node:child_process';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `docker …` to its end and returns its output, with any exit code. */
export function tryDocker(
  args: readonly string[],
  input?: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  return tryProgram('docker', args, input, variables);
}

export function tryProgram(
  program: string,
  args: readonly string[],
  input?: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...variables } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
    child.stdin.end(input);
  });
}

/** Runs `docker …` and returns its output without the last line break; throws with its error output. */
export async function docker(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tryDocker(args);
  if (code !== 0) throw new Error(`docker ${args.join(' ')}: exit ${code}\n${stderr || stdout}`);
  return stdout.trimEnd();
}
