import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitUntil } from '#testing/waiting';
import { type Caller, startSystem, type System } from './system.js';

let system: System;
let port: number;
let owner: Caller;

beforeAll(async () => {
  system = await startSystem();
  await system.app.listen(0, '127.0.0.1');
  port = (system.app.getHttpServer().address() as AddressInfo).port;
  owner = await system.as('acme', 'owner');
});
afterAll(() => system.stop());

interface Message {
  id?: string | undefined;
  event?: string;
  data?: { subject: string; version: number };
}

/** Opens the stream and collects messages; `until` resolves once there are that many. */
function listen(caller: Caller, lastEventId?: string) {
  const messages: Message[] = [];
  const state = { status: 0, isEnded: false };
  const request = http.get({
    host: '127.0.0.1',
    port,
    path: '/api/v1/stream',
    headers: {
      host: caller.host,
      authorization: `Bearer ${caller.token}`,
      ...(lastEventId ? { 'last-event-id': lastEventId } : {}),
    },
  });
  const opened = new Promise<void>((resolve) => {
    request.on('response', (response) => {
      state.status = response.statusCode!;
      let buffer = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        buffer += chunk;
        const parts = buffer.split('\n\n');
        buffer = parts.pop()!;
        for (const part of parts) {
          const fields = Object.fromEntries(
            part.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
          );
          if (fields['event'])
            messages.push({ id: fields['id'], event: fields['event'], data: JSON.parse(fields['data']!) });
        }
      });
      response.on('end', () => {
        state.isEnded = true;
      });
      resolve();
    });
  });
  const until = async (isReached: () => boolean) => {
    await waitUntil('the stream got there', isReached).catch((error: unknown) => {
      throw new Error(JSON.stringify({ state, messages }), { cause: error });
    });
  };
  return { messages, state, opened, until, close: () => request.destroy() };
}

describe('the live stream', () => {
  it('sends a store its own events, and none to another store', async () => {
    const bolt = await system.as('bolt', 'owner');
    const [mine, theirs] = [listen(owner), listen(bolt)];
    await Promise.all([mine.opened, theirs.opened]);
    const { body } = await owner.post('/customers', { kind: 'person', name: 'Ana' });
    await mine.until(() => mine.messages.length > 0);
    expect(mine.messages[0]).toMatchObject({
      event: 'customer.created',
      data: { subject: `customer/${body.id}`, version: 1 },
    });
    expect(JSON.stringify(mine.messages)).not.toContain('Ana');
    await bolt.post('/customers', { kind: 'person', name: 'Bia' });
    await theirs.until(() => theirs.messages.length > 0);
    expect(JSON.stringify(theirs.messages)).not.toContain(body.id);
    mine.close();
    theirs.close();
  });

  it('continues after the last message that a reader has received, without gaps and repetitions', async () => {
    const first = listen(owner);
    await first.opened;
    await owner.post('/customers', { kind: 'person', name: 'before' });
    await first.until(() => first.messages.length === 1);
    first.close();
    const away = await Promise.all(
      Array.from({ length: 20 }, (_, nth) => owner.post('/customers', { kind: 'person', name: `away ${nth}` })),
    );
    const second = listen(owner, first.messages[0]!.id);
    await second.until(() => second.messages.length >= 20);
    expect(new Set(second.messages.map((message) => message.data!.subject))).toEqual(
      new Set(away.map(({ body }) => `customer/${body.id}`)),
    );
    expect(second.messages).toHaveLength(20);
    second.close();
  });

  it('ends when its reader signs out, and refuses people without the permission', async () => {
    const leaving = await system.as('acme', 'manager');
    const live = listen(leaving);
    await live.opened;
    await leaving.post('/auth/logout');
    await live.until(() => live.state.isEnded);
    expect((await leaving.get('/stream')).body.code).toBe('session_ended');
    expect((await owner.get('/stream', { 'last-event-id': 'made up' })).body.code).toBe('invalid_last_event_id');
    expect((await system.visitor('acme.localhost').get('/stream')).status).toBe(401);
  });
});
