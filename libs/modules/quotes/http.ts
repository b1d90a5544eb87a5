import { Controller, Module } from '@nestjs/common';
import {
  acceptQuote,
  cancelQuote,
  changeQuote,
  convertQuote,
  createQuote,
  declineQuote,
  getQuote,
  listQuotes,
  reviseQuote,
  sendQuote,
} from '#contracts/quotes/operations';
import { mayDo } from '#contracts/permissions';
import { Decimal } from '#kernel';
import { type CallOf, Handle } from '#platform/http';
import { before, pageOf } from '#platform/paging';
import { quoteById, quotePage, type QuoteWithLines } from './data/quotes.js';
import { errors } from './errors.js';
import { acceptQuote as accept } from './usecases/accept-quote.js';
import { cancelQuote as cancel } from './usecases/cancel-quote.js';
import { changeQuote as change } from './usecases/change-quote.js';
import { convertQuote as convert } from './usecases/convert-quote.js';
import { createQuote as create } from './usecases/create-quote.js';
import { declineQuote as decline } from './usecases/decline-quote.js';
import { reviseQuote as revise } from './usecases/revise-quote.js';
import { sendQuote as send } from './usecases/send-quote.js';
import { quoteSummary, quoteView } from './view.js';

@Controller()
export class QuotesController {
  @Handle(createQuote)
  async create(call: CallOf<typeof createQuote>) {
    return shown(call, await create(call.tx, call.body));
  }

  @Handle(listQuotes)
  async list(call: CallOf<typeof listQuotes>) {
    const { state, customer_id, cursor, limit } = call.query;
    const rows = await call.database.read(call.scope, quotePage(state, customer_id, before(cursor), limit));
    return pageOf(rows, limit, (row) => row.id, quoteSummary);
  }

  @Handle(getQuote)
  async get(call: CallOf<typeof getQuote>) {
    const [quote] = await call.database.read(call.scope, quoteById(call.params.id));
    if (!quote) throw errors.quote_not_found();
    return shown(call, quote);
  }

  @Handle(changeQuote)
  async change(call: CallOf<typeof changeQuote>) {
    return shown(call, await change(call.tx, { ...moved(call), terms: call.body, expectedVersion: call.ifMatch }));
  }

  @Handle(sendQuote)
  async send(call: CallOf<typeof sendQuote>) {
    return shown(call, await send(call.tx, moved(call)));
  }

  @Handle(acceptQuote)
  async accept(call: CallOf<typeof acceptQuote>) {
    return shown(call, await accept(call.tx, { ...moved(call), acceptedBy: call.body.accepted_by }));
  }

  @Handle(declineQuote)
  async decline(call: CallOf<typeof declineQuote>) {
    return shown(call, await decline(call.tx, { ...moved(call), reason: call.body.reason ?? null }));
  }

  @Handle(cancelQuote)
  async cancel(call: CallOf<typeof cancelQuote>) {
    return shown(call, await cancel(call.tx, moved(call)));
  }

  @Handle(reviseQuote)
  async revise(call: CallOf<typeof reviseQuote>) {
    return shown(call, await revise(call.tx, moved(call)));
  }

  @Handle(convertQuote)
  async convert(call: CallOf<typeof convertQuote>) {
    const order = await convert(call.tx, {
      ...moved(call),
      lines: call.body.lines?.map((line) => ({ position: line.position, quantity: Decimal.parse(line.quantity) })),
      mayConvertExpired: mayDo(call.principal.roles, 'quote.convert_expired'),
    });
    return { order_id: order.id, number: order.number };
  }
}

function moved(call: { params: { id: string }; ifMatch: number | undefined }) {
  return { quoteId: call.params.id, expectedVersion: call.ifMatch };
}

function shown(call: { etag(version: number): void }, quote: QuoteWithLines) {
  call.etag(quote.version);
  return quoteView(quote);
}

@Module({ controllers: [QuotesController] })
export class QuotesHttp {}
