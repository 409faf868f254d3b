/** Metrics that functions write into their logs in CloudWatch's Embedded Metric Format. */

export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly unit: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

interface Directive {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: readonly { readonly Name: string; readonly Unit?: string }[];
}

interface Document {
  readonly _aws: { readonly CloudWatchMetrics: readonly Directive[] };
  readonly [field: string]: unknown;
}

const isDocument = (value: unknown): value is Document =>
  typeof value === 'object' &&
  value !== null &&
  '_aws' in value &&
  typeof value._aws === 'object' &&
  value._aws !== null &&
  'CloudWatchMetrics' in value._aws &&
  Array.isArray(value._aws.CloudWatchMetrics);

const parse = (line: string): Document | undefined => {
  // Most lines are no metrics: look before parsing.
  if (!line.startsWith('{') || !line.includes('"_aws"')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isDocument(value) ? value : undefined;
  } catch {
    // A line that only looks like JSON is an ordinary line of the log.
    return undefined;
  }
};

const valuesOf = (value: unknown): readonly number[] =>
  (Array.isArray(value) ? value : [value]).filter((each) => typeof each === 'number');

export class MetricStore {
  readonly #metrics = new Map<string, Metric>();

  /**
   * Counts the metrics of a log line.
   * @returns whether the line was a metrics document
   */
  take(line: string): boolean {
    const document = parse(line);
    if (document === undefined) return false;
    for (const { Namespace, Dimensions, Metrics } of document._aws.CloudWatchMetrics) {
      for (const keys of Dimensions.length === 0 ? [[]] : Dimensions) {
        const dimensions = Object.fromEntries(keys.map((key) => [key, String(document[key])]));
        for (const { Name, Unit = 'None' } of Metrics) {
          for (const value of valuesOf(document[Name])) this.#add(Namespace, Name, Unit, dimensions, value);
        }
      }
    }
    return true;
  }

  /** All metrics so far, in the order they first came. */
  all(): readonly Metric[] {
    return [...this.#metrics.values()];
  }

  #add(
    namespace: string,
    name: string,
    unit: string,
    dimensions: Record<string, string>,
    value: number,
  ): void {
    const key = JSON.stringify([namespace, name, dimensions]);
    const old = this.#metrics.get(key);
    this.#metrics.set(key, {
      namespace,
      name,
      unit,
      dimensions,
      count: (old?.count ?? 0) + 1,
      sum: (old?.sum ?? 0) + value,
      min: Math.min(old?.min ?? value, value),
      max: Math.max(old?.max ?? value, value),
    });
  }
}
