/** Starting, awaiting and stopping child processes, and the ports they listen on. */
import net from 'node:net';
import { spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { Refusal } from './say.mjs';

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {net.AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

export function isListening(port, host = '127.0.0.1') {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host });
    socket.once('connect', () => resolve(socket.destroy() && true));
    socket.once('error', () => resolve(false));
  });
}

/** Resolves once the port answers; rejects when the child ends first or time is up. */
export async function listening(port, child, name, logFile, timeoutMs = 30_000) {
  const end = Date.now() + timeoutMs;
  while (Date.now() < end) {
    if (child.exitCode !== null) throw new Refusal(`${name} ended with code ${child.exitCode}; its log: ${logFile}`);
    if (await isListening(port)) return;
    await pause(40);
  }
  throw new Refusal(`${name} did not answer on port ${port} within ${timeoutMs / 1_000} s; its log: ${logFile}`);
}

export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Sends the signal to stop, waits, and then kills. */
export async function stopProcess(pid, signal = 'SIGTERM', graceMs = 10_000) {
  if (!isAlive(pid)) return;
  try {
    process.kill(pid, signal);
  } catch {
    return;
  }
  const end = Date.now() + graceMs;
  while (isAlive(pid) && Date.now() < end) await pause(30);
  if (isAlive(pid)) process.kill(pid, 'SIGKILL');
}

/** Output of a command, or undefined when it cannot be run or fails. */
export function output(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', ...options });
  return result.status === 0 ? result.stdout.trim() : undefined;
}
