/** Items of this room that the tenancy attack on every route requests. */
import type { Fixture } from '#testing/fixture';

const ISSUED = {
  status: 'issued',
  revision: 0,
  currency: 'BRL',
  total_minor: 0,
  issued_at: '2026-11-20T12:00:00Z',
  due_at: '2026-11-30T12:00:00Z',
};
const ACCOUNT = { legal_name: 'SECRET Ltda', locale: 'pt-BR', time_zone: 'America/Sao_Paulo', currency: 'BRL' };
const PERIOD = {
  seq: 0,
  starts_at: '2026-10-20T03:00:00Z',
  ends_at: '2026-11-20T03:00:00Z',
  time_zone: 'America/Sao_Paulo',
};
let number = 0;

export const fixture: Fixture = {
  items: {
    /** Only a pass issues invoices, no operation does. */
    invoices: async ({ row }) => {
      await row('billing_accounts', { billing_accounts: ACCOUNT });
      const invoice = { ...ISSUED, number: ++number };
      return String((await row('billing_invoices', { billing_periods: PERIOD, billing_invoices: invoice }))['id']);
    },
  },
  bodies: {},
};
