/**
 * The one way to make a metric: `counter`, `gauge` and `histogram` register it in the process's registry, which
 * MetricsServer serves. A name that is registered already is the same metric, not an error.
 */
// The function behind the library's providers. Its index loads Nest as well, which a command does not need.
import { getOrCreateMetric } from '@willsoto/nestjs-prometheus/dist/metrics/utils.js';
import type {
  Counter,
  CounterConfiguration,
  Gauge,
  GaugeConfiguration,
  Histogram,
  HistogramConfiguration,
} from 'prom-client';

export type { Counter, Gauge, Histogram };

export function counter<Label extends string = string>(options: CounterConfiguration<Label>): Counter<Label> {
  return getOrCreateMetric('Counter', options as CounterConfiguration<string>) as Counter<Label>;
}

export function gauge<Label extends string = string>(options: GaugeConfiguration<Label>): Gauge<Label> {
  return getOrCreateMetric('Gauge', options as GaugeConfiguration<string>) as Gauge<Label>;
}

export function histogram<Label extends string = string>(options: HistogramConfiguration<Label>): Histogram<Label> {
  return getOrCreateMetric('Histogram', options as HistogramConfiguration<string>) as Histogram<Label>;
}
