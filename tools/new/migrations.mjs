/** Reads the tables that the migrations make, and names the next migration. */
import { Refusal } from '../launch/say.mjs';

const FOLDER = 'prisma/migrations';

export function tablesIn(plan) {
  return plan.list(FOLDER).flatMap((name) => {
    const sql = plan.read(`${FOLDER}/${name}/migration.sql`) ?? '';
    return [...sql.matchAll(/^create table (?:if not exists )?(\w+) \(([^;]*);/gim)].map(([, table, columns]) => ({
      table,
      columns,
      room: name.replace(/^\d+_/, ''),
    }));
  });
}

export function refuseTable(plan, table) {
  const found = tablesIn(plan).find((other) => other.table === table);
  if (found) throw new Refusal(`the table ${table} is there already, in the room ${found.room}`);
}

/** The current time, but after every existing migration, because they are applied in the order of their names. */
export function nextMigration(plan, room) {
  const last =
    plan
      .list(FOLDER)
      .filter((name) => /^\d{14}_/.test(name))
      .at(-1)
      ?.slice(0, 14) ?? '0';
  const now = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  return `${FOLDER}/${now > last ? now : String(BigInt(last) + 1n)}_${room}/migration.sql`;
}
