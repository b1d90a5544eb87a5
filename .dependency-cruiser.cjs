/**
 * The walls, as an allowlist shaped by folders: what no rule allows is forbidden, and a room nobody knows is closed.
 * tools/walls/canaries.mjs holds one forbidden import for each of them and proves that it is caught.
 */
const ROOM = '^libs/(modules|engines)/([^/]+)/';
const KERNEL = '^libs/kernel/index\\.ts$';
const CONTRACTS = '^libs/contracts/';
const PLATFORM_DOOR = '^libs/platform/[^/]+/((migrate|relay|worker)/)?index\\.ts$';
const CROSSING = '^libs/platform/database/crossing\\.ts$';
const NPM = { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'core', 'npm-peer'] };
const TESTS = '\\.spec\\.ts$';
const BILLING = '^libs/engines/billing/';
const BILLING_FACES = [`${BILLING}[^/]+/index\\.ts$`, `${BILLING}[^/]+/domain/index\\.ts$`];
/** Billing's inner rooms: each may import those before it. */
const BILLING_ROOMS = ['accounts', 'plans', 'usage', 'access', 'invoicing', 'collection', 'subscriptions', 'passes'];

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Files that need each other are one file, or lack a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'domain-is-pure',
      comment:
        'domain/ decides: kernel, contracts, its own errors and domain, what an insight is, a hash; nothing that does IO.',
      severity: 'error',
      from: { path: `${ROOM}.*\\bdomain/`, pathNot: TESTS },
      to: {
        pathNot: [
          KERNEL,
          CONTRACTS,
          '^libs/$1/$2/.*\\b(domain/|errors\\.ts$)',
          '^libs/engines/insights/index\\.ts$',
          '^crypto$',
        ],
      },
    },
    {
      name: 'prisma-and-pg-stay-in-the-database-room',
      comment: 'Whoever holds a client reaches every tenant. Take a TenantTransaction.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['^libs/platform/database/', '^libs/testing/', TESTS] },
      to: {
        path: ['node_modules/(@prisma|pg|\\.prisma)/', 'libs/platform/database/prisma-client'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'redis-stays-in-the-platform',
      comment: 'Redis is transport; business talks to the outbox.',
      severity: 'error',
      from: { path: '^libs/(modules|engines|verticals|contracts|kernel)/', pathNot: TESTS },
      to: { path: 'node_modules/ioredis/' },
    },
    {
      name: 'crossing-tenants-has-its-own-doors',
      comment: 'Only operator and worker code may span tenants.',
      severity: 'error',
      from: {
        path: '^(apps|libs)/',
        pathNot: [
          '/(operator|worker)(/|\\.ts$)',
          '^libs/engines/',
          '^libs/platform/',
          '^libs/modules/audit/',
          '^libs/modules/tenancy/(directory|http)\\.ts$',
          '^libs/testing/',
          '^apps/',
          TESTS,
        ],
      },
      to: { path: CROSSING },
    },
    {
      name: 'billing-stands-alone',
      comment: 'Billing down, product up: it is fed by events and imports no other room.',
      severity: 'error',
      from: { path: '^libs/engines/billing/' },
      to: { path: '^libs/(modules|engines|verticals)/', pathNot: '^libs/engines/billing/' },
    },
    {
      name: 'billing-inner-rooms-have-faces',
      comment: 'Neighbours import an inner room by its index, and its rules by the index of its domain.',
      severity: 'error',
      from: { path: `${BILLING}([^/]+)`, pathNot: [TESTS, `${BILLING}operator\\.ts$`] },
      to: { path: `${BILLING}[^/]+/`, pathNot: [`${BILLING}$1/`, ...BILLING_FACES] },
    },
    {
      name: 'billing-inner-rooms-have-faces',
      comment: 'The operator’s door gathers the controllers of the inner rooms; it imports nothing else of them.',
      severity: 'error',
      from: { path: `${BILLING}operator\\.ts$` },
      to: { path: `${BILLING}[^/]+/`, pathNot: [...BILLING_FACES, `${BILLING}[^/]+/controllers/`] },
    },
    ...BILLING_ROOMS.slice(0, -1).map((room, place) => ({
      name: 'billing-inner-rooms-stand-in-order',
      comment: `An inner room imports the ones before it: ${BILLING_ROOMS.join(', ')}. So there is no loop.`,
      severity: 'error',
      from: { path: `${BILLING}${room}/`, pathNot: TESTS },
      to: { path: `${BILLING}(${BILLING_ROOMS.slice(place + 1).join('|')})/` },
    })),
    {
      name: 'nobody-imports-an-app',
      comment: 'An app is a process, not a library.',
      severity: 'error',
      from: { path: '^(libs|prisma)/' },
      to: { path: '^apps/' },
    },
    {
      name: 'testing-is-for-tests',
      comment: 'Fixtures must not reach production.',
      severity: 'error',
      from: { path: '^(apps|libs|prisma)/', pathNot: [TESTS, '^libs/testing/'] },
      to: { path: '^libs/testing/' },
    },
    {
      name: 'nothing-unresolved',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  allowed: [
    { from: { path: '^libs/kernel/' }, to: { path: '^libs/kernel/' } },
    { from: { path: '^libs/contracts/' }, to: { path: ['^libs/contracts/', KERNEL, 'node_modules/zod/'] } },
    {
      from: { path: '^libs/platform/([^/]+)/' },
      to: { path: ['^libs/platform/$1/', PLATFORM_DOOR, CROSSING, CONTRACTS, KERNEL] },
    },
    { from: { path: '^libs/platform/' }, to: NPM },
    {
      from: { path: '^libs/(modules|engines)/([^/]+)/' },
      to: { path: ['^libs/$1/$2/', '^libs/$1/[^/]+/index\\.ts$', PLATFORM_DOOR, CROSSING, CONTRACTS, KERNEL] },
    },
    { from: { path: '^libs/modules/[^/]+/operator\\.ts$' }, to: { path: '^libs/platform/[^/]+/operator\\.ts$' } },
    { from: { path: '^libs/(modules|engines)/' }, to: NPM },
    {
      from: { path: '^libs/verticals/([^/]+)/' },
      to: {
        path: ['^libs/verticals/$1/', '^libs/(modules|engines)/[^/]+/index\\.ts$', PLATFORM_DOOR, CONTRACTS, KERNEL],
      },
    },
    { from: { path: '^apps/([^/]+)/' }, to: { path: ['^apps/$1/', PLATFORM_DOOR, CROSSING, CONTRACTS, KERNEL] } },
    {
      from: { path: '^apps/vertical/' },
      to: { path: '^libs/(modules|engines|verticals)/[^/]+/(http|operator)\\.ts$' },
    },
    { from: { path: '^apps/engines-worker/' }, to: { path: '^libs/(modules|engines|verticals)/[^/]+/worker\\.ts$' } },
    {
      from: { path: '^apps/basecommerce/' },
      to: {
        path: ['^libs/(modules|engines|verticals)/[^/]+/(http|operator)\\.ts$', '^libs/platform/[^/]+/operator\\.ts$'],
      },
    },
    { from: { path: '^apps/' }, to: NPM },
    {
      from: { path: '^prisma/' },
      to: {
        path: ['^prisma/seed/', '^libs/(modules|engines|verticals)/[^/]+/index\\.ts$', PLATFORM_DOOR, CROSSING, KERNEL],
      },
    },
    { from: { path: '^(prisma|libs/testing)/' }, to: NPM },
    {
      from: { path: '^libs/testing/' },
      to: {
        path: [
          '^libs/testing/',
          PLATFORM_DOOR,
          CROSSING,
          CONTRACTS,
          KERNEL,
          '^libs/(modules|engines|verticals)/[^/]+/(index|http|operator|worker)\\.ts$',
        ],
      },
    },
    // Reference models and scores compare with the decisions themselves, so they see domain/.
    { from: { path: '^libs/testing/(engines|billing)/' }, to: { path: '^libs/engines/.+/domain/' } },
    // Tests look wherever they must.
    { from: { path: TESTS }, to: {} },
    { from: { path: '^(tests|bench|tools)/' }, to: {} },
  ],
  allowedSeverity: 'error',
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: {
      path: ['^dist/', '(^|/)node_modules/(?!(zod|pg|ioredis|@prisma)/)', '^libs/platform/database/prisma-client/'],
    },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['types', 'import', 'node', 'default'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
