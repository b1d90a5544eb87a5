// @ts-check
/**
 * Changes that break the product, each a defect that real products have had. `find` occurs exactly once in `file`;
 * `tests` are the files of which at least one must fail.
 */
import { BILLING_MUTANTS } from './billing-mutants.mjs';
import { PLATFORM_MUTANTS } from './platform-mutants.mjs';
import { STORE_MUTANTS } from './store-mutants.mjs';

/** @typedef {{ name: string, file: string, find: string, replace: string, also?: string[][], tests: string[] }} Mutant */

/** @type {readonly Mutant[]} */
export const MUTANTS = [...PLATFORM_MUTANTS, ...STORE_MUTANTS, ...BILLING_MUTANTS];
