#!/usr/bin/env node
import { runProgram } from '../tools/launch/program.mjs';

await runProgram('outbox-relay', 'dist/apps/outbox-relay/main.js');
