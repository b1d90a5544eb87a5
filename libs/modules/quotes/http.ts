import { Controller, Module } from '#platform/nest';
import * as operations from '#contracts/quotes/operations';
import { mayDo } from '#contracts/permissions';
import { Decimal } from '#kernel';
import { type CallOf, Handle } from '#platform/http';
import { before, pageOf } from '#platform/paging';
import { quoteById, quotePage, type QuoteWithLines } from './data/quotes.js';
import { errors } from './errors.js';
import { acceptQuote } from './usecases/accept-quote.js';
import { cancelQuote } from './usecases/cancel-quote.js';
import { changeQuote } from './usecases/change-quote.js';
import { convertQuote } from './usecases/convert-quote.js';
import { createQuote } from './usecases/create-quote.js';
import { declineQuote } from './usecases/decline-quote.js';
import { reviseQuote } from './usecases/revise-quote.js';
import { sendQuote } from './usecases/send-quote.js';
import { quoteSummary, quoteView } from './view.js';

@Controller()
export class QuotesController {
  @Handle(operations.createQuote)
  async createQuote(call: CallOf<typeof operations.createQuote>) {
    return shown(call, await createQuote(call.tx, call.body));
  }

  @Handle(operations.listQuotes)
  async listQuotes(call: CallOf<typeof operations.listQuotes>) {
    const { state, customer_id, cursor, limit } = call.query;
    const rows = await call.database.read(call.scope, quotePage(state, customer_id, before(cursor), limit));
    return pageOf(rows, limit, (row) => row.id, quoteSummary);
  }

  @Handle(operations.getQuote)
  async getQuote(call: CallOf<typeof operations.getQuote>) {
    const [quote] = await call.database.read(call.scope, quoteById(call.params.id));
    if (!quote) throw errors.quote_not_found();
    return shown(call, quote);
  }

  @Handle(operations.changeQuote)
  async changeQuote(call: CallOf<typeof operations.changeQuote>) {
    return shown(call, await changeQuote(call.tx, { ...refOf(call), terms: call.body }));
  }

  @Handle(operations.sendQuote)
  async sendQuote(call: CallOf<typeof operations.sendQuote>) {
    return shown(call, await sendQuote(call.tx, refOf(call)));
  }

  @Handle(operations.acceptQuote)
  async acceptQuote(call: CallOf<typeof operations.acceptQuote>) {
    return shown(call, await acceptQuote(call.tx, { ...refOf(call), acceptedBy: call.body.accepted_by }));
  }

  @Handle(operations.declineQuote)
  async declineQuote(call: CallOf<typeof operations.declineQuote>) {
    return shown(call, await declineQuote(call.tx, { ...refOf(call), reason: call.body.reason ?? null }));
  }

  @Handle(operations.cancelQuote)
  async cancelQuote(call: CallOf<typeof operations.cancelQuote>) {
    return shown(call, await cancelQuote(call.tx, refOf(call)));
  }

  @Handle(operations.reviseQuote)
  async reviseQuote(call: CallOf<typeof operations.reviseQuote>) {
    return shown(call, await reviseQuote(call.tx, refOf(call)));
  }

  @Handle(operations.convertQuote)
  async convertQuote(call: CallOf<typeof operations.convertQuote>) {
    const order = await convertQuote(call.tx, {
      ...refOf(call),
      lines: call.body.lines?.map((line) => ({ position: line.position, quantity: Decimal.parse(line.quantity) })),
      mayConvertExpired: mayDo(call.principal.roles, 'quote.convert_expired'),
    });
    return { order_id: order.id, number: order.number };
  }
}

function refOf(call: { params: { id: string }; ifMatch: number | undefined }) {
  return { quoteId: call.params.id, expectedVersion: call.ifMatch };
}

function shown(call: { etag(version: number): void }, quote: QuoteWithLines) {
  call.etag(quote.version);
  return quoteView(quote);
}

@Module({ controllers: [QuotesController] })
export class QuotesHttp {}
