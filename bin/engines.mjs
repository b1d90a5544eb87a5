#!/usr/bin/env node
import { runProgram } from '../tools/launch/program.mjs';

await runProgram('engines', 'dist/apps/engines-worker/main.js');
