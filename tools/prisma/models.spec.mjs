import { renamed } from './models.mjs';

const introspected = `
/// This model contains row level security and requires additional setup for migrations.
model order_lines {
  tenant_id  String   @db.Uuid
  order_id   String   @db.Uuid
  unit_price Decimal? @default(0) @db.Decimal(18, 6)
  orders     orders   @relation(fields: [tenant_id, order_id], references: [tenant_id, id])

  @@id([tenant_id, order_id])
  @@index([tenant_id, unit_price(sort: Desc)], map: "order_lines_price", where: raw("(unit_price IS NOT NULL)"))
}

model orders {
  tenant_id   String        @db.Uuid
  id          String        @db.Uuid
  order_lines order_lines[]

  @@id([tenant_id, id])
}
`;

describe('models', () => {
  it('carry our names in code and the table names in maps', () => {
    expect(renamed(introspected).get('order_lines')).toBe(`model OrderLine {
  tenantId String   @db.Uuid @map("tenant_id")
  orderId String   @db.Uuid @map("order_id")
  unitPrice Decimal? @default(0) @db.Decimal(18, 6) @map("unit_price")
  order Order   @relation(fields: [tenantId, orderId], references: [tenantId, id])

  @@id([tenantId, orderId])
  @@index([tenantId, unitPrice(sort: Desc)], map: "order_lines_price", where: raw("(unit_price IS NOT NULL)"))

  @@map("order_lines")
}
`);
    expect(renamed(introspected).get('orders')).toContain('  orderLines OrderLine[]\n');
  });

  it.each([
    ['deliveries', 'Delivery'],
    ['addresses', 'Address'],
    ['stock_engine_sales', 'StockEngineSale'],
    ['boxes', 'Box'],
    ['status', 'Status'],
  ])('of %s are called %s', (table, name) => {
    expect(renamed(`model ${table} {\n  id Int @id\n}\n`).get(table)).toMatch(new RegExp(`^model ${name} \\{`));
  });
});
