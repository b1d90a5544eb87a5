/**
 * Recomputes a consumer's insights beside its batches. `mark` starts a run after a short pause. A mark during a run starts
 * another run after it. So a burst of events costs one computation per subject, and an insight follows its event shortly.
 */
import type { CrossTenantDatabase } from '#platform/database/crossing';
import type { EventConsumer } from '../consumer.js';
import * as metrics from './metrics.js';

const SUBJECTS = 200;
/** Long enough to gather the events of one request, and short compared with the promised two seconds. */
const GATHER_MS = 25;
const FAILURE_PAUSE_MS = 500;

export class Refresher {
  private isWanted = false;
  private isStopped = false;
  private running: Promise<void> | undefined;

  constructor(
    private readonly database: CrossTenantDatabase,
    private readonly consumer: EventConsumer,
    private readonly onError: (error: unknown) => void,
  ) {}

  mark(): void {
    this.isWanted = true;
    if (!this.isStopped) this.running ??= this.run().finally(() => (this.running = undefined));
  }

  /** Recomputes until no row is stale. For tests and tools. */
  async drain(): Promise<number> {
    await this.running;
    let total = 0;
    for (let count = await this.refreshBatch(); count > 0; count = await this.refreshBatch()) total += count;
    return total;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.running;
  }

  private async run(): Promise<void> {
    while (this.isWanted && !this.isStopped) {
      await pause(GATHER_MS);
      this.isWanted = false;
      try {
        while (!this.isStopped && (await this.refreshBatch()) > 0);
      } catch (error) {
        this.onError(error);
        this.isWanted = true;
        await pause(FAILURE_PAUSE_MS);
      }
    }
  }

  private async refreshBatch(): Promise<number> {
    const stop = metrics.refreshSeconds.startTimer({ engine: this.consumer.name });
    const count = await this.database.transaction((tx) => this.consumer.refresh(tx, SUBJECTS));
    stop();
    return count;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
