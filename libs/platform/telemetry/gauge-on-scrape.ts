/**
 * A gauge whose figure is read when somebody asks. What cannot be read is absent, because an old figure looks like a good
 * one: an outbox whose age is told by the last second before the database went away would stay young for ever. The other
 * metrics of the process are told all the same, and a counter says which one is missing.
 */
import { Counter, Gauge, register } from 'prom-client';

export type Figures = Readonly<Record<string, number>>;
export type Figure<Kind> = Kind | Promise<Kind>;

const unreadable = new Counter({
  name: 'metrics_unreadable_total',
  help: 'Times a figure could not be read for a scrape, which then went without it',
  labelNames: ['metric'],
});

export function gaugeOnScrape(name: string, help: string, read: () => Figure<number | Figures>, label?: string): void {
  // Whoever starts a process's parts anew in the same process (a test) takes the name over.
  register.removeSingleMetric(name);
  new Gauge({
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
