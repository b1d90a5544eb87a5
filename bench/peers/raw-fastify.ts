/** The floor of the list: Fastify and pg, the same statement, one fixed tenant, no sign-in, no log. */
import Fastify from 'fastify';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 10 });
const tenant = process.env['TENANT']!;
const server = Fastify();

server.get('/health/ready', async () => (await pool.query('select 1')).rows);
server.get('/api/v1/products', async () => {
  const { rows } = await pool.query<{ id: string }>({
    name: 'products',
    text: `select p.id, p.code, p.name, p.category, p.unit, p.price, p.currency, p.units, p.is_active, p.version, p.created_at
             from products p where p.tenant_id = $1 and p.id < $2 order by p.id desc limit $3`,
    values: [tenant, 'ffffffff-ffff-ffff-ffff-ffffffffffff', 26],
  });
  const data = rows.slice(0, 25);
  return { data, next_cursor: rows.length > 25 ? Buffer.from(data.at(-1)!.id).toString('base64url') : null };
});
process.once('SIGTERM', () => process.exit(0));
await server.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' });
