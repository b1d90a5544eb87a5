/**
 * A gauge whose value is read at each scrape. A value that cannot be read is absent, because an old value looks like a
 * good one: the age of the outbox, last read before the database became unreachable, would stay low for ever. The other
 * metrics of the process stay readable, and a counter names the missing one.
 */
import { register } from 'prom-client';
import { counter, gauge } from './metrics.js';

export type Figures = Readonly<Record<string, number>>;
export type Figure<Kind> = Kind | Promise<Kind>;

const unreadable = counter({
  name: 'metrics_unreadable_total',
  help: 'Times a figure could not be read for a scrape, which then went without it',
  labelNames: ['metric'],
});

export function gaugeOnScrape(name: string, help: string, read: () => Figure<number | Figures>, label?: string): void {
  // A part that a test starts a second time in one process replaces the metric, and its own reader is used.
  register.removeSingleMetric(name);
  gauge({
    name,
    help,
    labelNames: label ? [label] : [],
    async collect() {
      try {
        const value = await read();
        this.reset();
        if (typeof value === 'number') this.set(value);
        else for (const [key, figure] of Object.entries(value)) this.set({ [label!]: key }, figure);
      } catch {
        this.reset();
        if (!label) this.remove();
        unreadable.inc({ metric: name });
      }
    },
  });
}
