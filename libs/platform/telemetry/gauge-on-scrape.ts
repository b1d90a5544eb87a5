/**
 * A gauge whose figure is read when somebody asks. What cannot be read is absent, because an old figure looks like a good
 * one: an outbox whose age is told by the last second before the database went away would stay young for ever. The other
 * metrics of the process are told all the same, and a counter says which one is missing.
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
  // Parts of a process that are started a second time in it (by a test) replace the metric, whose reader is theirs.
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
