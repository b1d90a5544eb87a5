/** The products of the demo stores and the sales of each, from which the engines compute the demo's insights. */
import type { Role } from '#contracts/roles';

export interface DemoProduct {
  code: string;
  name: string;
  category: string;
  unit: string;
  price: string;
  /** The unit cost of the last receipt. */
  cost: string;
  units?: { unit: string; numerator: string; denominator: string; step: string }[];
  /** Received at the start of the history. */
  stocked: string;
}

/** UN/ECE Recommendation 20: H87 piece, KGM kilogram, MTK square metre, MTQ cubic metre, MTR metre, BX box, PF pallet. */
export const DEMO_PRODUCTS: readonly DemoProduct[] = [
  {
    code: 'CIM-50',
    name: 'Cimento CP II 50 kg',
    category: 'cimento',
    unit: 'H87',
    price: '36.90',
    cost: '27.50',
    stocked: '1500',
    units: [{ unit: 'PF', numerator: '40', denominator: '1', step: '1' }],
  },
  {
    code: 'ARE-MED',
    name: 'Areia média',
    category: 'agregados',
    unit: 'MTQ',
    price: '118.00',
    cost: '82.00',
    stocked: '170',
  },
  {
    code: 'BRI-1',
    name: 'Brita 1',
    category: 'agregados',
    unit: 'MTQ',
    price: '124.00',
    cost: '88.00',
    stocked: '160',
  },
  {
    code: 'CAL-20',
    name: 'Cal hidratada 20 kg',
    category: 'cimento',
    unit: 'H87',
    price: '16.50',
    cost: '11.20',
    stocked: '420',
  },
  {
    code: 'TIJ-8F',
    name: 'Tijolo cerâmico 8 furos',
    category: 'alvenaria',
    unit: 'H87',
    price: '0.95',
    cost: '0.62',
    stocked: '60000',
    units: [{ unit: 'PF', numerator: '500', denominator: '1', step: '1' }],
  },
  {
    code: 'POR-60',
    name: 'Porcelanato 60×60 acetinado',
    category: 'pisos',
    unit: 'MTK',
    price: '69.90',
    cost: '44.00',
    stocked: '900',
    units: [{ unit: 'BX', numerator: '36', denominator: '25', step: '1' }],
  },
  {
    code: 'ARG-AC3',
    name: 'Argamassa colante AC III 20 kg',
    category: 'pisos',
    unit: 'H87',
    price: '42.00',
    cost: '29.80',
    stocked: '380',
  },
  {
    code: 'REJ-1',
    name: 'Rejunte acrílico 1 kg',
    category: 'pisos',
    unit: 'H87',
    price: '13.90',
    cost: '8.10',
    stocked: '260',
  },
  {
    code: 'TUB-100',
    name: 'Tubo PVC esgoto 100 mm × 6 m',
    category: 'hidráulica',
    unit: 'H87',
    price: '74.50',
    cost: '51.00',
    stocked: '240',
  },
  {
    code: 'JOE-100',
    name: 'Joelho PVC 100 mm',
    category: 'hidráulica',
    unit: 'H87',
    price: '9.80',
    cost: '5.60',
    stocked: '480',
  },
  {
    code: 'CAB-25',
    name: 'Cabo flexível 2,5 mm²',
    category: 'elétrica',
    unit: 'MTR',
    price: '2.35',
    cost: '1.48',
    stocked: '9000',
    units: [{ unit: 'RO', numerator: '100', denominator: '1', step: '1' }],
  },
  {
    code: 'BAN-CX',
    name: 'Banheira de canto branca',
    category: 'louças',
    unit: 'H87',
    price: '2890.00',
    cost: '2050.00',
    stocked: '6',
  },
];

/** Baskets that builders really buy together, with how often one of them is picked. */
export const DEMO_BASKETS: readonly {
  weight: number;
  lines: readonly (readonly [code: string, from: number, to: number])[];
}[] = [
  {
    weight: 5,
    lines: [
      ['CIM-50', 15, 40],
      ['ARE-MED', 2, 5],
      ['BRI-1', 2, 4],
    ],
  },
  {
    weight: 3,
    lines: [
      ['CIM-50', 5, 15],
      ['ARE-MED', 1, 3],
      ['CAL-20', 4, 10],
    ],
  },
  {
    weight: 3,
    lines: [
      ['TIJ-8F', 500, 1500],
      ['CIM-50', 8, 16],
      ['CAL-20', 3, 8],
    ],
  },
  {
    weight: 3,
    lines: [
      ['POR-60', 6, 14],
      ['ARG-AC3', 4, 8],
      ['REJ-1', 2, 5],
    ],
  },
  {
    weight: 2,
    lines: [
      ['TUB-100', 1, 4],
      ['JOE-100', 2, 8],
    ],
  },
  { weight: 1, lines: [['CAB-25', 50, 150]] },
];

export const DEMO_STORES = [
  { slug: 'acme', legalName: 'Acme Materiais de Construção Ltda', document: '11222333000181', locale: 'pt-BR' },
  { slug: 'bolt', legalName: 'Bolt Casa & Obra Ltda', document: '12ABC34501DE35', locale: 'pt-BR' },
] as const;

/** One for each access state that the two stores above do not have. */
export const DEMO_ACCESS_STORES = [
  { slug: 'brita', legalName: 'Brita & Areia Ltda', document: '34028316000103', locale: 'pt-BR' },
  { slug: 'cumeeira', legalName: 'Cumeeira Telhas Ltda', document: '60701190000104', locale: 'pt-BR' },
  { slug: 'argila', legalName: 'Argila Tijolos Ltda', document: '33000167000101', locale: 'pt-BR' },
  { slug: 'telhado', legalName: 'Telhado Antigo Ltda', document: '61198164000160', locale: 'pt-BR' },
] as const;

export const DEMO_PEOPLE: readonly { role: Role; name: string }[] = [
  { role: 'owner', name: 'Olívia Duarte' },
  { role: 'manager', name: 'Marcos Lima' },
  { role: 'seller', name: 'Sílvia Prado' },
  { role: 'warehouse', name: 'Waldir Souza' },
  { role: 'driver', name: 'Davi Ramos' },
  { role: 'finance', name: 'Fernanda Alves' },
];

export const DEMO_CUSTOMERS = [
  {
    kind: 'company',
    name: 'Construtora Horizonte Ltda',
    document: '11444777000161',
    site: 'Residencial Aurora, torre B',
  },
  { kind: 'company', name: 'Engenharia Vale Verde S.A.', document: '19131243000197', site: 'Galpão Rodovia km 12' },
  { kind: 'person', name: 'Marina Duarte', document: '52998224725', site: 'Casa da Rua das Acácias' },
  { kind: 'person', name: 'Paulo Nogueira', document: '11144477735', site: 'Reforma Centro' },
] as const;
