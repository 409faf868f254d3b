/** The walls of the house: which room may import which. */
const wall = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    wall('no-circular', {}, { circular: true }, 'A cycle means two files that are really one.'),
    wall(
      'no-unresolvable',
      {},
      { couldNotResolve: true, pathNot: '^(aws-lambda|cloudflare)' },
      'An import that resolves to nothing fails at run time.',
    ),
    wall(
      'contracts-import-nothing-of-ours',
      { path: '^contracts/' },
      { path: '^(bin|lib|payload|series|lambdas|local|device|web|test)/' },
      'The words everyone shares depend on nobody.',
    ),
    wall(
      'pure-rooms-stay-pure',
      { path: '^lambdas/(domain|series)/' },
      {
        path: '^(lambdas/(?!domain/|series/)|lib|local|device|web|bin|test)|^node_modules/(@aws-sdk|@smithy)',
      },
      'Rules and the engine know no I/O.',
    ),
    wall(
      'one-function-never-imports-another',
      { path: '^lambdas/([^/]+)/', pathNot: '^lambdas/(domain|series|store|runtime)/' },
      {
        path: '^lambdas/([^/]+)/',
        pathNot: ['^lambdas/$1/', '^lambdas/(domain|series|store|runtime)/'],
      },
      'Functions share domain, series, store and runtime, never each other.',
    ),
    wall(
      'lambdas-know-only-contracts',
      { path: '^lambdas/' },
      { path: '^(bin|lib|local|device|web|test)/' },
      'What runs in AWS knows nothing of how it is deployed or emulated.',
    ),
    wall(
      'sdk-only-in-store-and-runtime',
      { path: '^lambdas/', pathNot: '^lambdas/(store|runtime)/' },
      { path: '^node_modules/@aws-sdk' },
      'Only the store and the plumbing talk to AWS.',
    ),
    wall(
      'local-cannot-cheat',
      { path: '^local/' },
      { path: '^(lambdas|lib|device|web|test|bin)/' },
      'The local gateway runs the bundles out of the assembly.',
    ),
    wall(
      'device-and-web-know-only-contracts',
      { path: '^(device|web)/' },
      { path: '^(bin|lib|lambdas|local|test)/' },
      'What runs on an instrument or in a browser knows only the contracts.',
    ),
    wall(
      'lib-knows-only-contracts',
      { path: '^lib/' },
      { path: '^(bin|lambdas|local|device|web|test)/' },
      'Deployment names handlers by path, never by import.',
    ),
    wall(
      'constructs-know-no-stack',
      { path: '^lib/constructs/' },
      { path: '^lib/(application|[^/]+-stack)\\.ts$' },
      'Stacks wire constructs; a construct says in its own words what it needs.',
    ),
    wall('nobody-imports-tests', { pathNot: '^test/' }, { path: '^test/' }, 'Tests are leaves.'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
