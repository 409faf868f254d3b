/** The walls of the house: which room may import which. */
const wall = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });

const ROOMS = ['bin', 'contracts', 'payload', 'series', 'lambdas', 'lib', 'local', 'device', 'web', 'test'];

/** Every room but these. */
const allBut = (...rooms) => `^(${ROOMS.filter((room) => !rooms.includes(room)).join('|')})/`;

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    wall(
      'no-circular',
      { pathNot: '^web/src/api/gen/' },
      { circular: true },
      'A cycle means two files that are really one.',
    ),
    wall(
      'no-unresolvable',
      {},
      { couldNotResolve: true, pathNot: '^(aws-lambda|cloudflare)' },
      'An import that resolves to nothing fails at run time.',
    ),
    wall(
      'contracts-import-nothing-of-ours',
      { path: '^contracts/' },
      { path: allBut('contracts') },
      'The words everyone shares depend on nobody.',
    ),
    wall(
      'payload-imports-contracts-alone',
      { path: '^payload/' },
      { path: allBut('contracts', 'payload') },
      'What instruments say is read in Lambda, on the device and in a browser.',
    ),
    wall(
      'series-imports-contracts-and-payload-alone',
      { path: '^series/' },
      { path: allBut('contracts', 'payload', 'series') },
      'The engine knows nobody who uses it.',
    ),
    wall(
      'domain-imports-series-and-below-alone',
      { path: '^lambdas/domain/' },
      { path: [allBut('contracts', 'payload', 'series', 'lambdas'), '^lambdas/(?!domain/)'] },
      'Rules know no I/O: neither stores nor plumbing.',
    ),
    wall(
      'pure-rooms-know-no-sdk',
      { path: '^(contracts|payload|series|lambdas/domain)/' },
      { path: '^node_modules/(@aws-sdk|@smithy|@aws-lambda-powertools)' },
      'Pure rooms talk to nobody.',
    ),
    wall(
      'pure-rooms-do-no-io',
      {
        path: '^(contracts|payload|series|lambdas/domain)/',
        pathNot: '^(contracts/generate-(openapi|permissions)|series/units/generate)\\.ts$',
      },
      { dependencyTypes: ['core'], pathNot: '^(node:)?(zlib|crypto)$' },
      'Pure rooms compute: no file, no socket, no timer.',
    ),
    wall(
      'payload-runs-in-a-browser',
      { path: '^payload/' },
      { dependencyTypes: ['core'] },
      'A browser has no module of Node: who calls hands in what the formats need.',
    ),
    wall(
      'stores-know-no-function',
      { path: '^lambdas/(store|runtime)/' },
      { path: '^lambdas/functions/' },
      'Functions use the stores, never the other way.',
    ),
    wall(
      'plumbing-knows-no-store',
      { path: '^lambdas/runtime/' },
      { path: '^lambdas/(store|domain)/' },
      'Plumbing serves every function and knows none of their data.',
    ),
    wall(
      'one-function-never-imports-another',
      { path: '^lambdas/functions/([^/]+)/' },
      { path: '^lambdas/functions/([^/]+)/', pathNot: '^lambdas/functions/$1/' },
      'Functions share domain, series, store and runtime, never each other.',
    ),
    wall(
      'lambdas-know-no-deployment',
      { path: '^lambdas/' },
      { path: allBut('contracts', 'payload', 'series', 'lambdas') },
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
      { path: allBut('contracts', 'local'), pathNot: '^device/store/lock\\.ts$' },
      'The local gateway runs the bundles out of the assembly. Folders are locked in one way.',
    ),
    wall(
      'device-knows-contracts-and-payload-alone',
      { path: '^device/' },
      { path: allBut('contracts', 'payload', 'device') },
      'What runs on an instrument knows the contracts and the formats.',
    ),
    wall(
      'web-knows-no-server',
      { path: '^web/' },
      { path: [allBut('contracts', 'payload', 'series', 'web'), '^series/(?!units/|points/downsample)'] },
      'The page knows contracts and formats, and of the engine units and downsampling.',
    ),
    wall(
      'web-runs-in-a-browser',
      { path: '^web/src/' },
      { dependencyTypes: ['core'] },
      'A browser has no module of Node.',
    ),
    wall(
      'lib-knows-contracts-alone',
      { path: '^lib/' },
      { path: allBut('contracts', 'lib') },
      'Deployment names handlers by path, never by import.',
    ),
    wall(
      'synth-calls-nobody',
      { path: '^lib/' },
      { path: '^node_modules/(@aws-sdk|@smithy)' },
      'Synth works offline.',
    ),
    wall(
      'constructs-know-no-stack',
      { path: '^lib/constructs/' },
      { path: '^lib/(application|[^/]+-stack)\\.ts$' },
      'Stacks wire constructs; a construct says in its own words what it needs.',
    ),
    wall(
      'command-line-knows-no-function',
      { path: '^bin/' },
      { path: '^lambdas/' },
      'The command line asks the API, as everyone else.',
    ),
    wall('nobody-imports-tests', { pathNot: '^test/' }, { path: '^test/' }, 'Tests are leaves.'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^web/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
