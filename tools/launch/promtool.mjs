/** The checkers of Prometheus' and Alertmanager's files: those on the PATH, else Debian's packages unpacked. */
import path from 'node:path';
import { existsSync } from 'node:fs';
import { hasApt, unpackedPackages } from './debian.mjs';
import { output } from './processes.mjs';
import { Refusal } from './say.mjs';

export const promtoolBinary = () => binary('promtool', 'prometheus', 'PROMTOOL_BIN');

export const amtoolBinary = () => binary('amtool', 'prometheus-alertmanager', 'AMTOOL_BIN');

function binary(name, packageName, variable) {
  if (process.env[variable]) return process.env[variable];
  if (output(name, ['--version']) !== undefined) return name;
  if (hasApt) {
    const unpacked = path.join(unpackedPackages(packageName, [packageName]), 'usr/bin', name);
    if (existsSync(unpacked)) return unpacked;
  }
  throw new Refusal(
    `${name} was not found. Install it (for example: apt-get install ${packageName}) or set ${variable}.`,
  );
}
