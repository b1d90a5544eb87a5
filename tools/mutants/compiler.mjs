// @ts-check
/**
 * Compiles a copy of the tree again and again. The previous program is kept, so a change of one file costs a second or
 * two.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import ts from 'typescript';

export class Compiler {
  /** @type {ts.EmitAndSemanticDiagnosticsBuilderProgram | undefined} */
  #program;
  /** @type {Map<string, { version: string, file: ts.SourceFile }>} */
  #files = new Map();
  #config;

  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder;
    const config = ts.getParsedCommandLineOfConfigFile(
      path.join(folder, 'tsconfig.build.json'),
      { incremental: false },
      { ...ts.sys, onUnRecoverableConfigFileDiagnostic: (fault) => this.#refuse(fault) },
    );
    if (!config) throw new Error(`${folder} has no tsconfig.build.json`);
    // TypeScript refuses the name of a build-info file without incremental builds.
    delete config.options.tsBuildInfoFile;
    this.#config = config;
  }

  /** Writes what has changed to `dist`. @returns {string[]} the errors, with file and line */
  compile() {
    const { options, fileNames } = this.#config;
    const host = ts.createCompilerHost(options);
    host.createHash = (text) => createHash('sha256').update(text).digest('hex');
    host.getSourceFile = (file, languageVersion) => this.#sourceFile(file, languageVersion);
    host.getCurrentDirectory = () => this.folder;
    this.#program = ts.createEmitAndSemanticDiagnosticsBuilderProgram(fileNames, options, host, this.#program);
    const faults = [...this.#program.getSyntacticDiagnostics(), ...this.#program.getSemanticDiagnostics()];
    this.#program.emit();
    return faults.map((fault) => this.#described(fault));
  }

  /**
   * @param {string} file
   * @param {ts.ScriptTarget | ts.CreateSourceFileOptions} languageVersion
   */
  #sourceFile(file, languageVersion) {
    const text = ts.sys.readFile(file);
    if (text === undefined) return undefined;
    const version = createHash('sha256').update(text).digest('hex');
    const known = this.#files.get(file);
    if (known?.version === version) return known.file;
    const sourceFile = ts.createSourceFile(file, text, languageVersion, true);
    // The builder asks each file for its version to see what has changed.
    Object.assign(sourceFile, { version });
    this.#files.set(file, { version, file: sourceFile });
    return sourceFile;
  }

  /** @param {ts.Diagnostic} fault */
  #described({ file, start, messageText }) {
    const text = ts.flattenDiagnosticMessageText(messageText, '\n');
    if (!file || start === undefined) return text;
    const { line } = file.getLineAndCharacterOfPosition(start);
    return `${path.relative(this.folder, file.fileName)}:${line + 1}: ${text}`;
  }

  /** @param {ts.Diagnostic} fault */
  #refuse(fault) {
    throw new Error(this.#described(fault));
  }
}
