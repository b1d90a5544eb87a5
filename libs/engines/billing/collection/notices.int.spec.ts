/** Notices, from their rows to a mail server that accepts, refuses, postpones and breaks off; concurrent and crashed senders. */
import type { AddressInfo, Socket } from 'node:net';
import pg from 'pg';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerOptions } from 'smtp-server';
import { newId } from '#kernel';
import { CrossTenantDatabase } from '#platform/database/crossing';
import { Mailer } from '#platform/mail';
import { createTestDatabase, type TestDatabase } from '#testing/database';
import type { NoticeStep } from '../access/domain/dunning.js';
import { type NoticeOutcome, sendNotices, type SendNoticesOptions } from './usecases/send-notices.js';

let server: TestDatabase;
let owner: pg.Pool;
let engines: CrossTenantDatabase;
let post: SMTPServer;
let mailer: Mailer;

interface Arrived {
  readonly to: string;
  readonly id: string;
  readonly text: string;
}

type Answer = Error | null | Promise<Error | null>;

let arrived: Arrived[];
/** The mail server's replies to a recipient, and to a mail that it has read to the end. */
let onRecipient: (address: string) => Error | null;
let onMail: (mail: Arrived) => Answer;
let isBreakingOff: boolean;
let recipients: string[];

/** Breaks the connection without a reply, as a broken cable does. */
const breakOff = (connection: unknown) => (connection as { readonly _socket: Socket })._socket.destroy();
const saying = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });

beforeAll(async () => {
  server = await createTestDatabase();
  owner = new pg.Pool({ connectionString: server.url, max: 2 });
  engines = sender('the sender');
  const options: SMTPServerOptions = { authOptional: true, disabledCommands: ['STARTTLS'], closeTimeout: 100 };
  post = new SMTPServer({
    ...options,
    onRcptTo: ({ address }, _session, done) => {
      recipients.push(address);
      done(onRecipient(address));
    },
    onData: (stream, session, done) => {
      if (isBreakingOff) return post.connections.forEach((one) => breakOff(one));
      void read(stream).then(async (raw) => {
        const mail = mailOf(raw, session.envelope.rcptTo[0]!.address);
        const refusal = await onMail(mail);
        if (!refusal) arrived.push(mail);
        done(refusal);
      });
    },
  });
  post.on('error', () => undefined);
  await new Promise<void>((resolve) => post.listen(0, '127.0.0.1', resolve));
  mailer = mailerTo((post.server.address() as AddressInfo).port);
});

afterAll(async () => {
  mailer.close();
  await new Promise<void>((resolve) => post.close(() => resolve()));
  await engines.close();
  await owner.end();
  await server.drop();
});

beforeEach(async () => {
  arrived = [];
  recipients = [];
  onRecipient = () => null;
  onMail = () => null;
  isBreakingOff = false;
  await owner.query('delete from billing_notices');
});

function mailerTo(port: number): Mailer {
  const timeouts = { connectMs: 2_000, silenceMs: 2_000 };
  return new Mailer({ url: `smtp://127.0.0.1:${port}`, from: 'Billing <billing@operator.example>', timeouts });
}

function sender(application: string, clockOffset?: string): CrossTenantDatabase {
  const more = clockOffset === undefined ? {} : { clockOffset };
  return new CrossTenantDatabase({
    url: server.url,
    role: 'basecommerce_engines',
    application,
    maxConnections: 3,
    ...more,
  });
}

async function read(stream: SMTPServerDataStream): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

function mailOf(raw: string, to: string): Arrived {
  const at = raw.indexOf('\r\n\r\n');
  const head = raw.slice(0, at).replaceAll(/\r\n\s+/g, ' ');
  const body = raw.slice(at + 4);
  const text = /quoted-printable/i.test(head)
    ? unquoted(body)
    : /base64/i.test(head)
      ? Buffer.from(body, 'base64').toString()
      : body;
  return { to, id: /^Message-ID: <(.*)>$/im.exec(head)![1]!, text: text.replaceAll('\u00A0', ' ') };
}

function unquoted(text: string): string {
  const bytes = text
    .replaceAll(/=\r\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

interface Debtor {
  readonly tenant: string;
  readonly episode: string;
  readonly email: string | null;
}

interface DebtorFacts {
  readonly email?: string | null;
  readonly locale?: string;
  readonly zone?: string;
  readonly steps?: readonly NoticeStep[];
  /** Minutes ago at which the notices were recorded. */
  readonly age?: number;
  readonly owed?: bigint;
}

let invoiceNumbers = 0;

/** A tenant in grace, with one invoice past due and its notices recorded. */
async function debtor(facts: DebtorFacts = {}): Promise<Debtor> {
  const [tenant, episode, subscription, invoice] = [newId(), newId(), newId(), newId()];
  const { locale = 'pt-BR', zone = 'America/Sao_Paulo', steps = ['opened'], age = 0, owed = 19_900n } = facts;
  const email = facts.email === undefined ? `${tenant}@loja.example` : facts.email;
  await owner.query(
    `insert into billing_accounts (tenant_id, slug, legal_name, locale, time_zone, currency, email, access_state)
     values ($1, $2, 'Casa & Obra Ltda.', $3, $4, 'BRL', $5, 'grace')`,
    [tenant, `t-${tenant}`, locale, zone, email],
  );
  await owner.query(
    `insert into billing_subscriptions (tenant_id, id, anchor_on, interval_months, started_at, due_at)
     values ($1, $2, '2026-01-01', 1, now() - interval '60 days', now())`,
    [tenant, subscription],
  );
  await owner.query(
    `insert into billing_periods (tenant_id, subscription_id, seq, starts_at, ends_at, time_zone, tzdb_version)
     values ($1, $2, 0, now() - interval '60 days', now() - interval '30 days', 'UTC', '2025c')`,
    [tenant, subscription],
  );
  const client = await owner.connect();
  await client.query('begin');
  await client.query(
    `insert into billing_invoices (tenant_id, id, subscription_id, period_seq, revision, status, currency, total_minor, number, issued_at, due_at, created_at)
     values ($1, $2, $3, 0, 0, 'issued', 'BRL', $4, $5, now() - interval '29 days', now() - interval '9 days', now() - interval '29 days')`,
    [tenant, invoice, subscription, owed, (invoiceNumbers += 1)],
  );
  await client.query(
    `insert into billing_invoice_lines (tenant_id, invoice_id, line_no, line_key, kind, quantity, price_micro, amount_minor)
     values ($1, $2, 1, 'base', 'base', 1, $3::bigint * 1000000, $3)`,
    [tenant, invoice, owed],
  );
  await client.query('commit');
  client.release();
  await owner.query(
    'insert into billing_access_episodes (tenant_id, id, opened_at, notice_at) values ($1, $2, now(), now())',
    [tenant, episode],
  );
  for (const step of steps) {
    await owner.query(
      `insert into billing_notices (tenant_id, episode_id, step, recorded_at) values ($1, $2, $3, now() - $4 * interval '1 minute')`,
      [tenant, episode, step, age],
    );
  }
  return { tenant, episode, email };
}

async function pay({ tenant }: Debtor, amount: bigint): Promise<void> {
  await owner.query(
    `insert into billing_payment_facts (tenant_id, id, invoice_id, kind, amount_minor, provider, provider_id, means, at, recorded_at, actor)
     select tenant_id, $2::uuid, id, 'payment', $3, 'manual', $2::uuid::text, 'pix', now(), now(), 'test' from billing_invoices where tenant_id = $1`,
    [tenant, newId(), amount],
  );
}

async function send(options: Partial<SendNoticesOptions> = {}, database = engines): Promise<NoticeOutcome[]> {
  const outcomes: NoticeOutcome[] = [];
  for await (const outcome of sendNotices(database, mailer, { limit: 1_000, ...options })) outcomes.push(outcome);
  return outcomes;
}

async function later(minutes: number, options: Partial<SendNoticesOptions> = {}): Promise<NoticeOutcome[]> {
  const database = sender('the sender, later', `${minutes} minutes`);
  try {
    return await send(options, database);
  } finally {
    await database.close();
  }
}

interface NoticeRow {
  step: NoticeStep;
  attempts: number;
  last_error: string | null;
  handed_over_at: Date | null;
}

const noticesOf = async ({ tenant }: Debtor) =>
  (
    await owner.query<NoticeRow>(
      'select step, attempts, last_error, handed_over_at from billing_notices where tenant_id = $1 order by step',
      [tenant],
    )
  ).rows;
const noticeOf = async (one: Debtor) => (await noticesOf(one))[0]!;
const outcomesOf = (outcomes: readonly NoticeOutcome[]) => outcomes.map(({ step, outcome }) => `${step} ${outcome}`);

describe('sending notices', () => {
  it('names the debt in the tenant’s language and is handed over once', async () => {
    const one = await debtor({ owed: 1_234_567n });
    const other = await debtor({ locale: 'en-US', zone: 'America/New_York' });
    const outcomes = await send({ storeUrl: (slug) => `https://${slug}.example.com` });
    expect(outcomes.map(({ outcome, attempts, reason }) => [outcome, attempts, reason])).toEqual([
      ['handed_over', 1, null],
      ['handed_over', 1, null],
    ]);
    expect(arrived.map(({ to }) => to)).toEqual([one.email, other.email]);
    expect(arrived[0]!.text).toContain('Total em aberto: R$ 12.345,67');
    expect(arrived[0]!.text).toMatch(/Horário Padrão de Brasília/);
    expect(arrived[0]!.text).toContain(`https://t-${one.tenant}.example.com`);
    expect(arrived[1]!.text).toContain('Total outstanding: R$199.00');
    expect(await noticeOf(one)).toMatchObject({ attempts: 1, last_error: null, handed_over_at: expect.any(Date) });
    expect(await send()).toEqual([]);
    expect(arrived).toHaveLength(2);
  });

  it('sends the oldest first, up to the requested number', async () => {
    const young = await debtor({ age: 1 });
    const old = await debtor({ age: 90 });
    await debtor();
    expect((await send({ limit: 2 })).map(({ tenant }) => tenant)).toEqual([old.tenant, young.tenant]);
    expect(await send()).toHaveLength(1);
  });

  it('subtracts later payments, and names the remaining debt', async () => {
    const one = await debtor();
    await pay(one, 15_000n);
    await send();
    expect(arrived[0]!.text).toContain('R$ 49,00');
    expect(arrived[0]!.text).not.toContain('199');
  });

  it('sends nothing about a debt that was settled first', async () => {
    const one = await debtor({ steps: ['opened', 'restored'] });
    await pay(one, 19_900n);
    await owner.query('update billing_access_episodes set closed_at = now() where tenant_id = $1', [one.tenant]);
    expect(outcomesOf(await send())).toEqual(['opened overtaken', 'restored handed_over']);
    expect(arrived.map(({ id }) => id)).toEqual([expect.stringMatching(/\.restored@/)]);
  });

  it('waits while the debt is paid and no pass has run yet, because it may be owed again', async () => {
    const one = await debtor();
    await pay(one, 19_900n);
    expect(outcomesOf(await send())).toEqual(['opened later']);
    expect(await noticeOf(one)).toMatchObject({ handed_over_at: null, last_error: 'nothing is past due right now' });
  });

  it('after an outage sends only the newest reminder, and always the notice that opened the grace', async () => {
    const one = await debtor({ steps: ['opened', 'reminder_48h', 'final_warning'] });
    expect(outcomesOf(await send())).toEqual([
      'opened handed_over',
      'reminder_48h overtaken',
      'final_warning handed_over',
    ]);
    expect(arrived).toHaveLength(2);
    const rows = await noticesOf(one);
    expect(rows.every(({ handed_over_at: at }) => at !== null)).toBe(true);
    expect(rows.map(({ step, attempts }) => `${step} ${attempts}`)).toEqual([
      'final_warning 1',
      'opened 1',
      'reminder_48h 0',
    ]);
  });

  it('is not held up by a tenant whose notice cannot be written', async () => {
    const poisoned = await debtor({ zone: 'Atlantis/Poseidonis', age: 5 });
    const healthy = await debtor();
    expect((await send()).map(({ outcome }) => outcome)).toEqual(['later', 'handed_over']);
    expect((await noticeOf(poisoned)).last_error).toMatch(/^cannot be written: .*Atlantis/);
    expect((await noticeOf(healthy)).handed_over_at).not.toBeNull();
  });
});

describe('a notice that does not get through', () => {
  it('without an address is reported once, and sent once an address is set', async () => {
    const one = await debtor({ email: null });
    expect(outcomesOf(await send())).toEqual(['opened no_address']);
    expect(await noticeOf(one)).toMatchObject({ attempts: 0, last_error: 'no address', handed_over_at: null });
    expect(await send()).toEqual([]);
    await owner.query('update billing_accounts set email = $2 where tenant_id = $1', [one.tenant, 'new@loja.example']);
    expect(outcomesOf(await send())).toEqual(['opened handed_over']);
    expect(await noticeOf(one)).toMatchObject({ last_error: null, handed_over_at: expect.any(Date) });
  });

  it('to an address that is refused counts as not handed over, and is not sent there again', async () => {
    const one = await debtor();
    onRecipient = () => saying(550, '5.1.1 no such user');
    expect(outcomesOf(await send())).toEqual(['opened refused']);
    const row = await noticeOf(one);
    expect(row).toMatchObject({ attempts: 1, handed_over_at: null });
    expect(row.last_error).toMatch(new RegExp(`^refused ${one.email}: .*5\\.1\\.1 no such user`));
    expect(await later(10_000)).toEqual([]);
    expect(recipients).toHaveLength(1);
    onRecipient = () => null;
    await owner.query('update billing_accounts set email = $2 where tenant_id = $1', [
      one.tenant,
      'right@loja.example',
    ]);
    expect(outcomesOf(await later(10_000))).toEqual(['opened handed_over']);
    expect(arrived[0]!.to).toBe('right@loja.example');
  });

  it('to an address that is refused is tried again when a person asks', async () => {
    const [one, other] = [await debtor(), await debtor()];
    onRecipient = () => saying(550, '5.1.1 no such user');
    await send();
    onRecipient = () => null;
    expect(outcomesOf(await send({ tenant: one.tenant }))).toEqual(['opened handed_over']);
    expect((await noticeOf(other)).handed_over_at).toBeNull();
  });

  it('waits after greylisting for five minutes, then twenty, counted from when it was recorded', async () => {
    const one = await debtor();
    onRecipient = () => saying(450, '4.2.0 greylisted');
    expect(outcomesOf(await send())).toEqual(['opened later']);
    expect((await noticeOf(one)).last_error).toContain('greylisted');
    expect(await later(4)).toEqual([]);
    expect(outcomesOf(await later(5))).toEqual(['opened later']);
    expect(await later(19)).toEqual([]);
    onRecipient = () => null;
    expect(await later(20)).toMatchObject([{ outcome: 'handed_over', attempts: 3 }]);
  });

  it('finally waits half a day after each attempt', async () => {
    const one = await debtor();
    await owner.query('update billing_notices set attempts = 7 where tenant_id = $1', [one.tenant]);
    expect(await later(720 + 2 * 720 - 1)).toEqual([]);
    expect(outcomesOf(await later(720 + 2 * 720))).toEqual(['opened handed_over']);
  });

  it('refused for one recipient does not delay the notices of others', async () => {
    for (let count = 0; count < 5; count++) await debtor({ age: 10 });
    const last = await debtor();
    onRecipient = (address) => (address === last.email ? null : saying(452, '4.2.2 mailbox full'));
    expect((await send()).map(({ outcome }) => outcome)).toEqual([...Array<string>(5).fill('later'), 'handed_over']);
  });

  it('is tried again after the connection breaks in the data, and arrives once', async () => {
    const one = await debtor();
    isBreakingOff = true;
    expect(outcomesOf(await send())).toEqual(['opened later']);
    isBreakingOff = false;
    expect(outcomesOf(await later(5))).toEqual(['opened handed_over']);
    expect(arrived).toHaveLength(1);
    expect((await noticeOf(one)).attempts).toBe(2);
  });

  it('makes the others wait while the server fails, without trying them all', async () => {
    const debtors = [];
    for (let count = 0; count < 6; count++) debtors.push(await debtor());
    isBreakingOff = true;
    expect(await send()).toHaveLength(3);
    const rows = await Promise.all(debtors.map(noticeOf));
    expect(rows.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 0, 0, 0]);
  });
});

describe('concurrent senders', () => {
  it('together send each notice once', async () => {
    for (let count = 0; count < 20; count++) await debtor({ age: 5_000 });
    onMail = async () => new Promise((resolve) => setTimeout(resolve, 5, null));
    const others = [sender('second'), sender('third')];
    const outcomes = (await Promise.all([engines, ...others].map((database) => send({}, database)))).flat();
    for (const database of others) await database.close();
    expect(arrived).toHaveLength(20);
    expect(new Set(arrived.map(({ id }) => id)).size).toBe(20);
    expect(outcomes.filter(({ outcome }) => outcome === 'handed_over')).toHaveLength(20);
  });

  it('skip a notice that another sender is sending, however long it takes', async () => {
    await debtor({ age: 5_000 });
    let seconds: NoticeOutcome[] | undefined;
    onMail = async () => ((seconds = await send({}, engines)), null);
    expect(outcomesOf(await send())).toEqual(['opened handed_over']);
    expect(seconds).toEqual([]);
    expect(arrived).toHaveLength(1);
  });
});

describe('the database', () => {
  const meddle = (body: string) =>
    owner.query(`create function meddle() returns trigger language plpgsql as $$ begin ${body} return new; end $$;
                 grant execute on function meddle() to public;
                 create trigger meddle before update on billing_notices for each row execute function meddle()`);

  afterEach(() => owner.query('drop function if exists meddle cascade; drop sequence if exists meddled'));

  it('may repeat the transaction, and the mail is not sent again', async () => {
    await owner.query('create sequence meddled; grant usage on sequence meddled to public');
    await meddle(`if new.handed_over_at is not null and nextval('meddled') = 1 then
                    raise exception 'try again' using errcode = 'serialization_failure';
                  end if;`);
    await debtor();
    expect(outcomesOf(await send())).toEqual(['opened handed_over']);
    expect(arrived).toHaveLength(1);
  });

  it('may show a later claim by another sender, and this sender then skips the notice', async () => {
    await meddle('if new.attempts > old.attempts then new.attempts := new.attempts + 1; end if;');
    const one = await debtor();
    expect(outcomesOf(await send())).toEqual(['opened taken']);
    expect(arrived).toEqual([]);
    expect(await noticeOf(one)).toMatchObject({ attempts: 2, handed_over_at: null, last_error: null });
  });
});

describe('a sender that crashes', () => {
  const cut = (application: string) =>
    owner.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and datname = current_database()',
      [application],
    );

  it('before the mail is sent leaves an attempt, and the next one sends it', async () => {
    const one = await debtor();
    // Claimed, then the sender crashed.
    await owner.query('update billing_notices set attempts = 1 where tenant_id = $1', [one.tenant]);
    expect(await send()).toEqual([]);
    expect(outcomesOf(await later(5))).toEqual(['opened handed_over']);
    expect(arrived).toHaveLength(1);
  });

  it('between the 250 and the commit sends it once more, under the same Message-ID', async () => {
    const one = await debtor();
    const dying = sender('dying');
    let isOver: Promise<void> | undefined;
    onMail = async () => {
      isOver = dying.close().catch(() => undefined);
      await cut('dying');
      return null;
    };
    await expect(send({}, dying)).rejects.toThrow();
    await isOver;
    expect(await noticeOf(one)).toMatchObject({ attempts: 1, handed_over_at: null });
    onMail = () => null;
    expect(outcomesOf(await later(5))).toEqual(['opened handed_over']);
    expect(arrived).toHaveLength(2);
    expect(new Set(arrived.map(({ id }) => id))).toEqual(
      new Set([`notice.${one.tenant}.${one.episode}.opened@operator.example`]),
    );
  });

  it('that only loses its database connection records the mail over another one', async () => {
    const one = await debtor();
    const unlucky = sender('unlucky');
    onMail = async () => (await cut('unlucky'), null);
    expect(outcomesOf(await send({}, unlucky))).toEqual(['opened handed_over']);
    await unlucky.close();
    expect(await noticeOf(one)).toMatchObject({ attempts: 1, handed_over_at: expect.any(Date) });
    expect(await later(10_000)).toEqual([]);
    expect(arrived).toHaveLength(1);
  });

  it('has finally notified every tenant after any failures, and twice only after a crash', async () => {
    const debtors = [];
    for (let count = 0; count < 12; count++) debtors.push(await debtor({ age: count }));
    let [asked, mails, deaths] = [0, 0, 0];
    let mortal = sender('mortal');
    onRecipient = () => ((asked += 1) % 3 === 0 ? saying(450, '4.2.0 greylisted') : null);
    onMail = async () => {
      mails += 1;
      if (mails % 4 === 0) return saying(451, '4.3.0 try again');
      if (mails % 5 !== 0) return null;
      deaths += 1;
      void mortal.close();
      await cut('mortal');
      return null;
    };
    for (let halfDays = 0; halfDays < 20; halfDays++) {
      isBreakingOff = halfDays % 5 === 1;
      const before = deaths;
      await send({}, mortal).catch(() => undefined);
      if (deaths === before) await mortal.close();
      mortal = sender('mortal', `${halfDays * 720} minutes`);
    }
    await mortal.close();
    expect((await Promise.all(debtors.map(noticeOf))).every(({ handed_over_at: at }) => at !== null)).toBe(true);
    expect(new Set(arrived.map(({ to }) => to))).toEqual(new Set(debtors.map(({ email }) => email)));
    expect(new Set(arrived.map(({ id }) => id)).size).toBe(12);
    expect(deaths).toBeGreaterThan(1);
    expect(arrived).toHaveLength(12 + deaths);
  });
});
