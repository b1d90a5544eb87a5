import { blocksOf } from './models.mjs';

const introspected = `
/// This model contains row level security and requires additional setup for migrations.
model order_lines {
  tenant_id  String   @db.Uuid
  order_id   String   @db.Uuid
  /// A remark of Prisma's.
  unit_price Decimal? @default(0) @db.Decimal(18, 6)
  orders     orders   @relation(fields: [tenant_id, order_id], references: [tenant_id, id])

  @@id([tenant_id, order_id])
}

enum order_state {
  open
}
`;

it('models are taken as Prisma reads them, one per table, under the names of tables and columns', () => {
  const blocks = blocksOf(introspected);
  expect([...blocks.keys()]).toEqual(['order_lines', 'order_state']);
  expect(blocks.get('order_lines')).toBe(`model order_lines {
  tenant_id  String   @db.Uuid
  order_id   String   @db.Uuid
  unit_price Decimal? @default(0) @db.Decimal(18, 6)
  orders     orders   @relation(fields: [tenant_id, order_id], references: [tenant_id, id])

  @@id([tenant_id, order_id])
}
`);
});
