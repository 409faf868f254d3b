import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/**
 * The rules of CloudFormation would only warn here, and take as long as all the rest of a synthesis. They fail that of
 * CI.
 */
const UNVALIDATED = { CDK_VALIDATION: 'false' };

// What is imported is imported once by each worker: that is a third of their time.
const shared = {
  isolate: false,
  env: UNVALIDATED,
  // Limits against hanging, not against slowness: machines are shared.
  testTimeout: 60_000,
  hookTimeout: 60_000,
  expect: { poll: { timeout: 30_000 } },
} as const;

const parts = { ...shared, setupFiles: 'test/support/equality.ts' } as const;

/** What functions and templates are made of reads its environment when it is loaded: each file loads it anew. */
const anew = { ...shared, setupFiles: ['test/support/anew.ts', 'test/support/equality.ts'] };

/** With a whole laboratory in each file. Its templates are synthesized once. */
const whole = {
  ...shared,
  globalSetup: 'test/support/assembly.ts',
  testTimeout: 120_000,
  hookTimeout: 120_000,
} as const;

const FUNCTIONS = 'test/lambdas/!(domain)/**/*.test.ts';

export default defineConfig({
  test: {
    // More than there are cores: flow tests wait for each other's processes. By itself Vitest leaves a core idle.
    maxWorkers: availableParallelism() + 1,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{local,bin,web,infra,flow,attack,ci}/**', FUNCTIONS],
          ...parts,
        },
      },
      { test: { name: 'functions', include: [FUNCTIONS], ...anew } },
      { test: { name: 'programs', include: ['test/{local,bin,web}/**/*.test.ts'], ...parts } },
      { test: { name: 'infra', include: ['test/infra/**/*.test.ts'], ...anew } },
      { test: { name: 'flow', include: ['test/{flow,attack}/**/*.test.ts'], ...whole } },
      // For which a quick run has no time.
      { test: { name: 'ci', include: ['test/ci/**/*.test.ts'], ...whole } },
    ],
    coverage: {
      provider: 'v8',
      include: [
        'lambdas/**/*.ts',
        'series/**/*.ts',
        'payload/**/*.ts',
        'contracts/**/*.ts',
        'device/**/*.ts',
      ],
      exclude: ['payload/gen/**'],
      reporter: ['text-summary'],
      thresholds: { lines: 90, statements: 90, functions: 90, branches: 85 },
    },
  },
});
