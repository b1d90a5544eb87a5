/** The outcomes of a mail, with a real SMTP server that accepts, refuses, defers, hangs and disconnects. */
import type { AddressInfo, Socket } from 'node:net';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerOptions } from 'smtp-server';
import { readSettings } from '#platform/config';
import { type Delivery, type Mail, Mailer, mailerFrom } from './mailer.js';

const MAIL: Mail = {
  to: 'dona@loja.example',
  subject: 'Fatura nº 1042 — R$ 199,00',
  text: 'Olá!\n\nA fatura nº 1042 venceu.\n.\nUma linha com um ponto só não acaba a mensagem.',
  messageId: 'notice.7.opened',
};
const TIMEOUTS = { connectMs: 500, silenceMs: 500 };

/** The mails whose data has arrived completely. */
let arrived: string[];
let servers: SMTPServer[];
let mailers: Mailer[];

beforeEach(() => {
  arrived = [];
  servers = [];
  mailers = [];
});

afterEach(async () => {
  for (const mailer of mailers) mailer.close();
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
});

async function listen(options: SMTPServerOptions = {}): Promise<string> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: take,
    closeTimeout: 100,
    ...options,
  });
  server.on('error', () => undefined);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`;
}

function take(stream: SMTPServerDataStream, _session: unknown, done: (error?: Error | null) => void): void {
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  stream.on('end', () => {
    arrived.push(Buffer.concat(parts).toString());
    done();
  });
}

function mailerTo(url: string): Mailer {
  const mailer = new Mailer({ url, from: 'Billing <billing@basecommerce.example>', timeouts: TIMEOUTS });
  mailers.push(mailer);
  return mailer;
}

const send = async (options: SMTPServerOptions): Promise<Delivery> => mailerTo(await listen(options)).send(MAIL);
/** Breaks the connection without a message. */
const breakOff = (connection: unknown) => (connection as { readonly _socket: Socket })._socket.destroy();
const saying = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });

/** The header's value, unfolded. */
function header(mail: string, name: string): string | undefined {
  const [head] = mail.split('\r\n\r\n');
  return new RegExp(`^${name}: (.*)$`, 'im').exec(head!.replaceAll(/\r\n\s+/g, ' '))?.[1];
}

describe('sending a mail', () => {
  it('hands it over to the server, which confirms it', async () => {
    expect(await send({})).toEqual({ outcome: 'accepted', response: expect.stringMatching(/^250/) });
    expect(arrived).toHaveLength(1);
    expect(header(arrived[0]!, 'From')).toBe('Billing <billing@basecommerce.example>');
    expect(header(arrived[0]!, 'To')).toBe('dona@loja.example');
    expect(header(arrived[0]!, 'Auto-Submitted')).toBe('auto-generated');
  });

  it('has the same Message-ID whenever the same mail is sent', async () => {
    const url = await listen();
    await mailerTo(url).send(MAIL);
    await mailerTo(url).send(MAIL);
    const id = '<notice.7.opened@basecommerce.example>';
    expect(arrived.map((mail) => header(mail, 'Message-ID'))).toEqual([id, id]);
  });

  it('carries files and more than ASCII', async () => {
    const mailer = mailerTo(await listen());
    const content = Buffer.from('%PDF-1.3 …');
    await mailer.send({
      ...MAIL,
      attachments: [{ filename: 'fatura-1042.pdf', content, contentType: 'application/pdf' }],
    });
    expect(arrived[0]).toContain(content.toString('base64'));
    expect(arrived[0]).toMatch(/filename="?fatura-1042\.pdf/);
    expect(header(arrived[0]!, 'Subject')).toMatch(/^=\?UTF-8\?/);
  });

  it('uses one connection for consecutive mails', async () => {
    let connections = 0;
    const mailer = mailerTo(await listen({ onConnect: (_session, done) => (connections++, done()) }));
    for (let count = 0; count < 5; count++) expect((await mailer.send(MAIL)).outcome).toBe('accepted');
    expect([arrived.length, connections]).toEqual([5, 1]);
  });

  it('never splits one address into two', async () => {
    const recipients: string[] = [];
    const mailer = mailerTo(
      await listen({ onRcptTo: ({ address }, _session, done) => (recipients.push(address), done()) }),
    );
    await mailer.send({ ...MAIL, to: 'dona@loja.example, everybody@rival.example' });
    expect(recipients).not.toContain('everybody@rival.example');
  });
});

describe('a permanent refusal', () => {
  it.each([
    ['of an address that does not exist', { onRcptTo: (_a, _s, done) => done(saying(550, '5.1.1 no such user')) }],
    [
      'of the mail after its data',
      { onData: (s, _x, done) => (s.resume(), s.on('end', () => done(saying(554, '5.6.0 no'))), undefined) },
    ],
  ] satisfies [string, SMTPServerOptions][])('is distinguished: %s', async (_what, options) => {
    expect(await send(options)).toEqual({ outcome: 'refused', reason: expect.stringMatching(/5\.1\.1|5\.6\.0/) });
  });

  it('needs no server for an invalid address', async () => {
    expect(await mailerTo(await listen()).send({ ...MAIL, to: 'nobody' })).toMatchObject({ outcome: 'refused' });
    expect(arrived).toEqual([]);
  });
});

describe('a temporary failure', () => {
  it('is greylisting: first 4xx, then accepted', async () => {
    let asked = 0;
    const onRcptTo: SMTPServerOptions['onRcptTo'] = (_a, _s, done) =>
      asked++ === 0 ? done(saying(450, '4.2.0 greylisted, try again')) : done();
    const mailer = mailerTo(await listen({ onRcptTo }));
    expect(await mailer.send(MAIL)).toEqual({
      outcome: 'trouble',
      of: 'recipient',
      reason: expect.stringContaining('greylisted'),
    });
    expect(arrived).toEqual([]);
    expect((await mailer.send(MAIL)).outcome).toBe('accepted');
  });

  it('is a connection that breaks during the data, and the mail is not sent again automatically', async () => {
    let begun = 0;
    const breakInData: SMTPServerOptions['onData'] = (stream) => {
      begun += 1;
      stream.once('data', () => servers[0]!.connections.forEach((connection) => breakOff(connection)));
    };
    expect(await send({ onData: breakInData })).toMatchObject({ outcome: 'trouble', of: 'server' });
    expect(begun).toBe(1);
  });

  it('is a server that has the whole mail and never answers', async () => {
    let begun = 0;
    const fallSilent: SMTPServerOptions['onData'] = (stream) => ((begun += 1), void stream.resume());
    expect(await send({ onData: fallSilent })).toMatchObject({ outcome: 'trouble', of: 'server' });
    expect(begun).toBe(1);
  });

  it('is a server that is unreachable, closes its service, or refuses us as a sender', async () => {
    const gone = await listen();
    await new Promise<void>((resolve) => servers[0]!.close(() => resolve()));
    expect(await mailerTo(gone).send(MAIL)).toMatchObject({ outcome: 'trouble', of: 'server' });
    expect(await send({ onRcptTo: (_a, _s, done) => done(saying(421, 'closing')) })).toMatchObject({ of: 'server' });
    expect(await send({ onMailFrom: (_a, _s, done) => done(saying(553, 'who?')) })).toMatchObject({ of: 'server' });
  });

  it('is an unencrypted connection, and no password is sent over it', async () => {
    let seen = 0;
    const options: SMTPServerOptions = {
      allowInsecureAuth: true,
      onAuth: (_a, _s, done) => (seen++, done(saying(535, 'wrong'))),
    };
    const url = (await listen(options)).replace('//', '//billing:secret-of-ours@');
    const delivery = await mailerTo(url).send(MAIL);
    expect(delivery).toMatchObject({ outcome: 'trouble', of: 'server' });
    expect(JSON.stringify(delivery)).not.toContain('secret-of-ours');
    expect(seen).toBe(0);
  });

  it('does not prevent the next mail', async () => {
    let mails = 0;
    const onData: SMTPServerOptions['onData'] = (stream, session, done) =>
      mails++ === 0 ? void servers[0]!.connections.forEach((one) => breakOff(one)) : take(stream, session, done);
    const mailer = mailerTo(await listen({ onData }));
    expect((await mailer.send(MAIL)).outcome).toBe('trouble');
    expect((await mailer.send(MAIL)).outcome).toBe('accepted');
    expect(arrived).toHaveLength(1);
  });
});

describe('the settings of mail', () => {
  const environment = { DATABASE_URL: 'postgres://localhost/x', REDIS_URL: 'redis://localhost' };
  const settings = (more: Record<string, string>) => readSettings('basecommerce', { ...environment, ...more });

  it('may be absent, and then there is no mailer', () => {
    expect(mailerFrom(settings({}))).toBeUndefined();
  });

  it('make a mailer', () => {
    const mailer = mailerFrom(
      settings({ SMTP_URL: 'smtps://u:p@mail.example', MAIL_FROM: 'Billing <b@shop.example>' }),
    );
    expect(mailer).toBeInstanceOf(Mailer);
    mailer!.close();
  });

  it.each([
    [{ SMTP_URL: 'http://mail.example' }, /^SMTP_URL must be a URL starting with smtp:\/\/ or smtps:\/\/$/],
    [{ SMTP_URL: 'smtp://mail.example' }, /^MAIL_FROM is required with SMTP_URL/],
    [{ SMTP_URL: 'smtp://mail.example', MAIL_FROM: 'Billing' }, /^MAIL_FROM must be an address/],
    [{ MAIL_FROM: 'a@b.example\r\nBcc: c@d.example' }, /^MAIL_FROM must be an address/],
  ])('refuse to boot when they cannot be right: %j', (given, message) => {
    expect(() => settings(given as Record<string, string>)).toThrow(message);
  });
});
