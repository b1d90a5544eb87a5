/**
 * The walls, as an allowlist shaped by folders: what no rule allows is forbidden, so a new folder is closed until a rule opens it.
 * tools/walls/canaries.json holds a forbidden import for each rule, and tools/walls/check.mjs proves that it is caught. That
 * program has rules of its own for what an import graph of files does not show: loops between folders, and tables.
 *
 * Inside a room, arrows point inwards: doors → usecases → domain and data.
 */
const ROOM = '^libs/(modules|engines)/([^/]+)/';
/** A folder of a room, or of one of its inner rooms; both keep the same order inside. */
const within = (folder) => [`${ROOM}${folder}/`, `${ROOM}[^/]+/${folder}/`];
/** What `domain/` and `data/` of a room may import from it: by `$1` and `$2`, the groups of ROOM. */
const own = (...folders) => [
  `^libs/$1/$2/(${folders.join('|')})/`,
  `^libs/$1/$2/[^/]+/(${folders.join('|')})/`,
  '^libs/$1/$2/errors\\.ts$',
  '^libs/$1/$2/[^/]+/(errors|index)\\.ts$',
];
const TENANT_DOORS = '/(index|http|errors|view)\\.ts$';
const KERNEL = '^libs/kernel/index\\.ts$';
const CONTRACTS = '^libs/contracts/';
const PLATFORM_DOOR = '^libs/platform/[^/]+/((migrate|relay|worker)/)?index\\.ts$';
/** What only a server needs. Rooms leave it alone, so that a command which runs their code does not load it. */
const SERVER_DOOR =
  '^libs/platform/(http/server|config/config\\.module|telemetry/logging|inbox/worker/worker\\.module)\\.ts$';
const DATABASE = '^libs/platform/database/index\\.ts$';
/** The one module that engines import: an insight is saved in the transaction of the facts that it follows from. */
const INSIGHTS = '^libs/modules/insights/index\\.ts$';
/** The line of a document: pure functions without rows of their own, so that domain/ and data/ of a room may use them. */
const DOCUMENTS = '^libs/modules/documents/index\\.ts$';
const CROSSING = '^libs/platform/database/crossing\\.ts$';
const NPM = { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'core', 'npm-peer'] };
/** Specs, and the fixtures of rooms, which only tests read. */
const TESTS = '(\\.spec|/fixture)\\.ts$';
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
      from: { path: within('domain'), pathNot: TESTS },
      to: {
        pathNot: [KERNEL, CONTRACTS, ...own('domain'), INSIGHTS, DOCUMENTS, DATABASE, '^crypto$'],
      },
    },
    {
      name: 'domain-is-pure',
      comment: 'domain/ may name the type of a row, and nothing else of the database.',
      severity: 'error',
      from: { path: within('domain'), pathNot: TESTS },
      to: { path: DATABASE, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nothing-inside-imports-a-door-of-its-room',
      comment: 'A door calls use cases. What two doors share is a use case, or lies in view.ts or errors.ts.',
      severity: 'error',
      // The face may show its neighbours what a door of the room is made of.
      from: { path: ROOM, pathNot: [TESTS, `${ROOM}index\\.ts$`] },
      to: { path: '^libs/$1/$2/(http|operator|texts|worker|index)\\.ts$' },
    },
    {
      name: 'data-calls-no-other-room',
      comment:
        'data/ loads and saves the rows of its own room. It may name another room’s types; a use case calls that room.',
      severity: 'error',
      from: { path: within('data'), pathNot: TESTS },
      to: {
        path: '^libs/(modules|engines|verticals)/',
        pathNot: ['^libs/$1/$2/', DOCUMENTS],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'data-imports-no-use-case',
      comment: 'Use cases call data/. The shape of a row belongs to data/ or domain/.',
      severity: 'error',
      from: { path: within('data'), pathNot: TESTS },
      to: { path: '^libs/$1/$2/', pathNot: own('domain', 'data') },
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
      name: 'metrics-are-made-in-telemetry',
      comment: 'One way to make a metric: counter, gauge and histogram of #platform/telemetry.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['^libs/platform/telemetry/', TESTS] },
      to: { path: 'node_modules/(prom-client|@willsoto/nestjs-prometheus)/' },
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
      comment:
        'Only the code of the operator, of workers and of engines’ passes spans tenants; a tenant’s door never does.',
      severity: 'error',
      from: {
        path: '^libs/modules/',
        pathNot: ['/(operator|worker)(/|\\.ts$)', '^libs/modules/[^/]+/adapters/', TESTS],
      },
      to: { path: CROSSING },
    },
    {
      name: 'tenant-doors-do-not-cross-tenants',
      comment: 'An engine works across tenants. The doors that it shows to one tenant, and its domain, do not.',
      severity: 'error',
      from: {
        path: [`^libs/engines/.*${TENANT_DOORS}`, '^libs/engines/.*/domain/', '^libs/verticals/'],
        pathNot: TESTS,
      },
      to: { path: CROSSING },
    },
    {
      name: 'the-cross-tenant-database-is-handed-over',
      comment:
        'Who imports the class, and not only its type, can have it injected. Doors of the operator and of workers do, and adapters; everything else takes the transaction that it is handed.',
      severity: 'error',
      from: {
        path: '^libs/(modules|engines|verticals)/',
        pathNot: ['/(operator|worker)\\.ts$', '/(adapters|providers)/', TESTS],
      },
      to: { path: CROSSING, dependencyTypesNot: ['type-only'] },
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
      to: { path: '^libs/testing/|/fixture\\.ts$' },
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
      to: { path: ['^libs/platform/$1/', PLATFORM_DOOR, SERVER_DOOR, CROSSING, CONTRACTS, KERNEL] },
    },
    { from: { path: '^libs/platform/' }, to: NPM },
    {
      from: { path: '^libs/(modules|engines)/([^/]+)/' },
      to: { path: ['^libs/$1/$2/', '^libs/$1/[^/]+/index\\.ts$', PLATFORM_DOOR, CROSSING, CONTRACTS, KERNEL] },
    },
    { from: { path: '^libs/engines/' }, to: { path: INSIGHTS } },
    { from: { path: '^libs/modules/[^/]+/operator\\.ts$' }, to: { path: '^libs/platform/[^/]+/operator\\.ts$' } },
    { from: { path: '^libs/(modules|engines)/' }, to: NPM },
    {
      from: { path: '^libs/verticals/([^/]+)/' },
      to: {
        path: ['^libs/verticals/$1/', '^libs/(modules|engines)/[^/]+/index\\.ts$', PLATFORM_DOOR, CONTRACTS, KERNEL],
      },
    },
    {
      from: { path: '^apps/([^/]+)/' },
      to: { path: ['^apps/$1/', PLATFORM_DOOR, SERVER_DOOR, CROSSING, CONTRACTS, KERNEL] },
    },
    {
      from: { path: '^apps/vertical/' },
      to: { path: '^libs/(modules|engines|verticals)/[^/]+/(http|operator|texts)\\.ts$' },
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
      path: [
        '^dist/',
        '(^|/)node_modules/(?!(zod|pg|ioredis|prom-client|@prisma|@willsoto)/)',
        '^libs/platform/database/prisma-client/',
      ],
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
