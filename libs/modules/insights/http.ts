import { Controller, type DynamicModule, Inject, Module } from '#platform/nest';
import type { ResponseOf } from '#contracts/operation';
import {
  getInsight,
  insightHitRates,
  insightDone,
  insightNotNow,
  insightWrong,
  listInsights,
} from '#contracts/insights/operations';
import { isUuid, Money } from '#kernel';
import { type CallOf, Handle } from '#platform/http';
import { answerCounts, insightById, insightPage, type InsightRow } from './data/insights.js';
import type { InsightAnswer } from './domain/insight.js';
import { type InsightTexts, insightText, languageFor } from './domain/insight-texts.js';
import { errors } from './errors.js';
import { answerInsight } from './usecases/answer-insight.js';

const TEXTS = Symbol('InsightTexts');

/** The three answers take the same call. */
type AnswerCall = CallOf<typeof insightDone>;

@Controller()
export class InsightsController {
  constructor(@Inject(TEXTS) private readonly texts: InsightTexts) {}

  @Handle(listInsights)
  async list(call: CallOf<typeof listInsights>) {
    const { limit, cursor, engine, kind, subject, state } = call.query;
    const rows = await call.database.read(
      call.scope,
      insightPage({ engine, kind, subject, state }, readCursor(cursor), limit),
    );
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    return {
      data: shown.map((row) => this.view(row, call.languages)),
      next_cursor: rows.length > limit && last ? writeCursor(last) : null,
    };
  }

  @Handle(insightHitRates)
  async hitRates(call: CallOf<typeof insightHitRates>) {
    const rows = await call.database.read(call.scope, answerCounts());
    return {
      data: rows.map(({ engine, kind, done, wrong }) => ({
        engine,
        kind,
        done: Number(done),
        wrong: Number(wrong),
        hit_rate_percent: ((Number(done) * 100) / Number(done + wrong)).toFixed(1),
      })),
    };
  }

  @Handle(getInsight)
  async get(call: CallOf<typeof getInsight>) {
    const [row] = await call.database.read(call.scope, insightById(call.params.id));
    if (!row) throw errors.insight_not_found();
    return this.view(row, call.languages);
  }

  @Handle(insightDone)
  done(call: CallOf<typeof insightDone>) {
    return this.answer(call, 'done');
  }

  @Handle(insightNotNow)
  notNow(call: CallOf<typeof insightNotNow>) {
    return this.answer(call, 'not_now');
  }

  @Handle(insightWrong)
  wrong(call: CallOf<typeof insightWrong>) {
    return this.answer(call, 'wrong');
  }

  private async answer(call: AnswerCall, answer: InsightAnswer) {
    const row = await answerInsight(call.tx, { id: call.params.id, answer, comment: call.body.comment ?? null });
    return this.view(row, call.languages);
  }

  private view(row: InsightRow, languages: readonly string[]): ResponseOf<typeof getInsight> {
    const { title, why } = insightText(this.texts, languageFor(languages), row.engine, row.kind, row.figures);
    return {
      id: row.id,
      engine: row.engine,
      kind: row.kind,
      subject: row.subject,
      title,
      why,
      worth:
        row.worth_minor === null || row.worth_currency === null
          ? null
          : { amount: new Money(row.worth_minor, row.worth_currency).toText(), currency: row.worth_currency },
      action: row.action,
      state: row.state,
      priority: row.priority,
      figures: row.figures,
      opened_at: row.opened_at.toISOString(),
      changed_at: row.changed_at.toISOString(),
      resolved_at: row.resolved_at?.toISOString() ?? null,
      answered_at: row.answered_at?.toISOString() ?? null,
      answered_by: row.answered_by,
      comment: row.comment,
      snoozed_until: row.snoozed_until,
    };
  }
}

/** Gives the controller the texts of every engine whose insights this process shows. */
@Module({})
export class InsightTextsModule {
  static of(texts: readonly InsightTexts[]): DynamicModule {
    const all: InsightTexts = Object.fromEntries(texts.flatMap((part) => Object.entries(part)));
    return {
      module: InsightTextsModule,
      global: true,
      providers: [{ provide: TEXTS, useValue: all }],
      exports: [TEXTS],
    };
  }
}

@Module({ controllers: [InsightsController] })
export class InsightsHttp {}

const START = { priority: 101, id: 'ffffffff-ffff-ffff-ffff-ffffffffffff' };

function readCursor(cursor: string | undefined): { priority: number; id: string } {
  if (cursor === undefined) return START;
  const [priority = '', id = ''] = Buffer.from(cursor, 'base64url').toString('latin1').split(' ');
  if (!/^\d{1,3}$/.test(priority) || !isUuid(id)) throw errors.invalid_cursor();
  return { priority: Number(priority), id };
}

function writeCursor(row: InsightRow): string {
  return Buffer.from(`${row.priority} ${row.id}`, 'latin1').toString('base64url');
}
