/**
 * One term of leadership, from announcing its fencing token to losing the lead. Nothing in memory survives it: the next term
 * starts from the saved position and publishes some events again, which the consumers' version gates ignore.
 *
 *   may this database publish? ─▶ announce the token to Redis ─▶ groups ─▶ position ─▶ step, step … beside tend, tend …
 *
 * A step reads at most one chunk of the common cursor and one of a tenant's cursor, and publishes the events for which the
 * window has room. Tending (reconcile, trim, save the position, metrics) runs beside the steps, so that it adds no latency.
 *
 * A term ends with `superseded` (another relay has taken over) or with `token_lost` (Redis lost its data and the fencing token
 * with it; the relay must claim the lease in PostgreSQL again before it publishes). When the recovery fence is up, `begin`
 * and `tend` throw `RecoveryFenced`.
 */
import type { EntryId, EventStreams } from '#platform/streams';
import { Backlog, type BacklogLimits, type Reading, type Snapshot } from './backlog.js';
import * as metrics from './metrics.js';
import { Reconciler, type Subscriptions } from './reconciler.js';
import { RecoveryWatch } from './recovery.js';
import type { RelayRepository } from './relay-repository.js';
import { entriesOf, Window, type WindowLimits } from './window.js';

export type TermEnd = 'superseded' | 'token_lost';

/** Named steps of the protocol. Tests kill the process at each of them. */
export type RelayStep = 'announced' | 'read' | 'publishing' | 'published' | 'saving' | 'saved' | 'trimmed';

export interface TermParts {
  readonly repository: RelayRepository;
  readonly streams: EventStreams;
  readonly subscriptions: Subscriptions;
  readonly backlog: BacklogLimits;
  readonly window: WindowLimits;
  readonly at: (step: RelayStep) => void | Promise<void>;
}

export class TermEnded extends Error {
  constructor(readonly reason: TermEnd) {
    super(`the relay's term has ended: ${reason}`);
  }
}

/** Events of one publishing script. 2,000 events of 600 bytes block Redis for 2 ms. */
const PUBLISH_EVENTS = 2_000;
const ENTRY_EVENTS = 100;
const LONGEST_WITHOUT_RECONCILING_MS = 5_000;
/** A third of the time between two scrapes, as monitoring is usually set up. */
const MEASURE_MS = 5_000;

export type StepOutcome = 'busy' | 'blocked' | 'idle';

export class Term {
  private readonly window: Window;
  private saved: Snapshot;
  private reconciledAt = -Infinity;
  private measuredAt = -Infinity;
  publishedEvents = 0;

  private constructor(
    private readonly parts: TermParts,
    readonly token: bigint,
    private readonly backlog: Backlog,
    private readonly reconciler: Reconciler,
    private readonly recovery: RecoveryWatch,
    /** Per stream, the last id. The next mark states that everything up to these ids is committed. */
    private readonly last: EntryId[],
  ) {
    this.window = new Window(parts.repository.partitions, parts.window);
    this.saved = backlog.position();
  }

  static async begin(parts: TermParts, token: bigint): Promise<Term> {
    const { repository, streams, subscriptions } = parts;
    const consumers = Object.keys(subscriptions);
    const recovery = await RecoveryWatch.begin(repository.database, streams, consumers);
    if (!(await streams.announceRelay(Number(token)))) throw new TermEnded('superseded');
    await parts.at('announced');
    await streams.ensureGroups(consumers);
    const last = (await streams.survey(consumers)).map((place) => place.last);
    const backlog = new Backlog(await repository.position(), repository.partitions, parts.backlog);
    const hasRoom = () => backlog.size < parts.backlog.capacity;
    const reconciler = await Reconciler.begin(repository, subscriptions, hasRoom, backlog, token);
    return new Term(parts, token, backlog, reconciler, recovery, last);
  }

  /** `isDue`: a writer has woken the relay, or the polling interval is over. */
  async step(isDue: boolean): Promise<StepOutcome> {
    const hasRead = await this.read(isDue);
    if (this.window.isTight || (this.window.room === 0 && this.backlog.size > 0)) {
      this.window.observed(await this.parts.streams.survey(this.consumers));
    }
    const hasPublished = await this.publish();
    if (hasRead || hasPublished) return 'busy';
    return this.backlog.size > 0 || this.backlog.isReading ? 'blocked' : 'idle';
  }

  /** Reconciles, trims, saves and measures; resolves with the number of events published again. */
  async tend(isAlive: () => boolean): Promise<number> {
    const { streams } = this.parts;
    await this.save();
    await this.mark();
    // The position must be read before the streams: the reconciler relies on this order.
    const position = this.backlog.position().text;
    const places = await streams.survey(this.consumers, 'trim');
    await this.parts.at('trimmed');
    this.window.observed(places);
    const now = performance.now();
    if (now - this.measuredAt >= MEASURE_MS) {
      this.measuredAt = now;
      metrics.measureStreams(this.consumers, places);
    }
    // Reconciling costs about as much per event as recording it, so a burst is published first.
    if (this.backlog.size > 0 && now - this.reconciledAt < LONGEST_WITHOUT_RECONCILING_MS) return 0;
    this.reconciledAt = now;
    return this.reconciler.round(position, places, isAlive);
  }

  async save(): Promise<void> {
    const position = this.backlog.position();
    if (position.text === this.saved.text) return;
    await this.parts.at('saving');
    if (!(await this.parts.repository.savePosition(this.token, position))) throw new TermEnded('superseded');
    this.saved = position;
    await this.parts.at('saved');
  }

  private async mark(): Promise<void> {
    const answer = await this.recovery.mark(this.token, [...this.last]);
    if (answer !== 'OK') throw new TermEnded(answer === 'SUPERSEDED' ? 'superseded' : 'token_lost');
  }

  private get consumers(): string[] {
    return Object.keys(this.parts.subscriptions);
  }

  private async read(isDue: boolean): Promise<boolean> {
    const common = isDue || this.backlog.isReading ? this.backlog.nextCommon() : undefined;
    const found = common ? await this.readInto(common) : false;
    const own = this.backlog.nextOwn();
    const foundOwn = own ? await this.readInto(own) : false;
    await this.parts.at('read');
    return found || foundOwn;
  }

  /** Whether it found rows, or the difference has more chunks. */
  private async readInto(reading: Reading): Promise<boolean> {
    const chunk = await this.parts.repository.read(reading);
    this.backlog.accept(reading, chunk);
    return chunk.packs.length > 0 || chunk.next !== undefined;
  }

  private async publish(): Promise<boolean> {
    const packs = this.backlog.take(Math.min(this.window.room, PUBLISH_EVENTS), (partition) =>
      this.window.roomOf(partition),
    );
    if (packs.length === 0) return false;
    const entries = entriesOf(packs, ENTRY_EVENTS);
    await this.parts.at('publishing');
    const { answer, ids } = await this.parts.streams.publish(Number(this.token), entries, this.recovery.epoch);
    if (answer !== 'OK') throw new TermEnded(answer === 'SUPERSEDED' ? 'superseded' : 'token_lost');
    await this.parts.at('published');
    this.window.added(entries, ids);
    entries.forEach(({ partition }, index) => (this.last[partition] = ids[index]!));
    this.backlog.published(packs);
    const count = entries.reduce((sum, entry) => sum + entry.count, 0);
    this.publishedEvents += count;
    metrics.publishedEvents.inc(count);
    metrics.queuedEvents.set(this.backlog.size);
    return true;
  }
}
