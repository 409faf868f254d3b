import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** What functions are made of reads its environment when it is loaded: each of these files loads it anew. */
const FUNCTIONS = ['test/lambdas/!(domain)/**/*.test.ts', 'test/infra/**/*.test.ts'];

/**
 * The rules of CloudFormation would only warn here, and take as long as all the rest of a synthesis. They fail that of
 * CI.
 */
const UNVALIDATED = { CDK_VALIDATION: 'false' };

/** Tests with a whole laboratory. Their templates are synthesized once. */
const WHOLE = {
  // Each starts a gateway: what that is made of is loaded once by each worker.
  isolate: false,
  env: UNVALIDATED,
  globalSetup: 'test/support/assembly.ts',
  testTimeout: 120_000,
  hookTimeout: 120_000,
} as const;

export default defineConfig({
  test: {
    // More than there are cores: flow tests wait for each other's processes. By itself Vitest leaves a core idle.
    maxWorkers: availableParallelism() + 1,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{flow,attack,ci}/**', ...FUNCTIONS],
          // What is imported is imported once by each worker: that is a third of their time.
          isolate: false,
          env: UNVALIDATED,
          setupFiles: 'test/support/equality.ts',
          // Limits against hanging, not against slowness: machines are shared.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 10_000 } },
        },
      },
      {
        test: {
          name: 'functions',
          include: FUNCTIONS,
          // One process for many files: loading the SDK for each of them took a third of their time.
          isolate: false,
          env: UNVALIDATED,
          setupFiles: ['test/support/anew.ts', 'test/support/equality.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      { test: { name: 'flow', include: ['test/{flow,attack}/**/*.test.ts'], ...WHOLE } },
      // For which a quick run has no time.
      { test: { name: 'ci', include: ['test/ci/**/*.test.ts'], ...WHOLE } },
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
