/** Type-aware lint. A rule that encodes a lesson says the lesson, and where to read about it. */
import tseslint from 'typescript-eslint';

const LESSONS = {
  unsafeSql:
    'Raw-unsafe calls concatenate input into SQL; use the sql tag (docs/adr/0002-one-round-trip-isolation.md).',
  clock: 'Decisions use the clock they are given, so that tests and passes can move it (ARCHITECTURE.md, rule 6).',
  nest: 'A room takes the decorators of Nest from #platform/nest: the whole package would cost each command 0.25 s of CPU. Errors are DomainErrors from the room’s table (ARCHITECTURE.md, rule 8).',
  sleep:
    'On a slow machine a fixed wait tests nothing, or fails: wait for the state itself (waitUntil, staysTrue of #testing/waiting), or letPass where time is the subject.',
  print: 'Figures of a test are printed by printFigures of #testing/print; console adds a stack to each line.',
  provider:
    'A provider is asked outside of transactions: its answer may take as long as it likes (docs/adr/0018-outbound-exchange.md).',
};

const clockRules = [
  { selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']", message: LESSONS.clock },
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: LESSONS.clock },
];

const asksProvider =
  'CallExpression[callee.object.name=/[pP]rovider$/][callee.property.name=/^(charge|setUp|find|fetch)$/]';

const everywhere = [
  {
    selector: 'CallExpression[callee.property.name=/^\\$(queryRawUnsafe|executeRawUnsafe)$/]',
    message: LESSONS.unsafeSql,
  },
  { selector: `:function:has(> Identifier.params[name='tx']) ${asksProvider}`, message: LESSONS.provider },
  {
    selector: `:function:has(> ObjectPattern.params:has(> Property[key.name='tx'])) ${asksProvider}`,
    message: LESSONS.provider,
  },
];

/** A literal of 100 or more. */
const long = '[raw=/^[1-9][\\d_]{2,}$/]';
const testRules = [
  {
    selector: `CallExpression[callee.name=/^(pause|sleep|wait|delay)$/] > Literal.arguments${long}`,
    message: LESSONS.sleep,
  },
  {
    selector: `NewExpression[callee.name='Promise'] CallExpression[callee.name='setTimeout'] > Literal.arguments${long}`,
    message: LESSONS.sleep,
  },
  { selector: "CallExpression[callee.object.name='console']", message: LESSONS.print },
];

export default tseslint.config(
  {
    ignores: ['dist/', 'node_modules/', '.data/', 'libs/platform/database/prisma-client/', '**/*.d.ts'],
  },
  ...tseslint.configs.recommendedTypeChecked,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...everywhere],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' },
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-extraneous-class': 'off',
    },
  },
  {
    // Scripts: nothing compiles them, so tsconfig.tools.json checks their types as they are, without annotations.
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: { parserOptions: { project: './tsconfig.tools.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      'no-restricted-syntax': ['error', ...everywhere],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' },
      ],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/restrict-template-expressions': 'off',
      // An event's listener may be asynchronous; it handles its own errors.
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      // What a command prints or a file holds is parsed JSON or text; an annotation on each would say `any` as well.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
    },
  },
  {
    files: ['**/*.cjs'],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: ['libs/modules/**/*.ts', 'libs/engines/**/*.ts', 'libs/contracts/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...everywhere, ...clockRules],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: '@nestjs/common',
              message: LESSONS.nest,
            },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.spec.ts', 'tests/**/*.ts', 'bench/**/*.ts', 'libs/testing/**/*.ts', 'libs/*/*/fixture.ts'],
    rules: {
      'max-lines': 'off',
      'no-console': 'off',
      'no-restricted-syntax': 'off',
      // Answers and rows are asserted on, not typed.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
    },
  },
  {
    // Tests in containers wait for other programs' clocks, and each runs alone.
    files: ['**/*.spec.ts', 'tests/**/*.ts'],
    ignores: ['tests/containers/**'],
    rules: { 'no-restricted-syntax': ['error', ...testRules] },
  },
);
