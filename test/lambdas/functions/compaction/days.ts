/** A day of a device on its way into the archive, for the tests of all that may happen to it. */
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { MICROS_PER_DAY, MICROS_PER_HOUR } from '../../../../contracts/time.ts';
import type { Item } from '../../../../lambdas/store/dynamodb/attributes.ts';
import { readParquetDay } from '../../../../series/formats/parquet-archive.ts';
import type { SeriesColumn } from '../../../../series/points/column.ts';
import { it as base } from './it.ts';
import { column, HOUR, type Point, type Told, told } from './points.ts';
import type { World } from './world.ts';

export const DAY = HOUR - (HOUR % MICROS_PER_DAY);

export const wave = (channel: string, start: number, count = 200, step = 10_000_000): SeriesColumn =>
  column(
    channel,
    Array.from({ length: count }, (_, at): Point => [start + at * step, Math.sin(at) * 20, at % 9 ? 0 : 5]),
  );

/** Adds messages in hours of their own, numbered; those of a day with number 3 missing unless others are named. */
export const addHours = async (
  world: World,
  device: string,
  numbers: readonly number[] = [1, 2, 4],
): Promise<void> => {
  for (const [at, seq] of numbers.entries()) {
    const hour = HOUR + at * MICROS_PER_HOUR;
    await world.add({
      device,
      first: seq,
      columns: [
        column('temp', [
          [hour + 1, seq],
          [hour + 2, seq],
        ]),
      ],
    });
  }
};

export const secondsNow = (): number => Math.floor(Date.now() / 1000);

export class Day {
  private readonly world: World;
  private readonly device: string;

  constructor(world: World, device: string) {
    this.world = world;
    this.device = device;
  }

  /** Key of its file. */
  get key(): string {
    return `archive/site=berlin/date=2026-03-01/${this.device}.parquet`;
  }

  /** Adds three hours, the last one's end in the next day; two batches. */
  async add(): Promise<Told> {
    const first = [
      column('door', [
        [HOUR, true],
        [HOUR + 9, false],
      ]),
      column('note', [[HOUR + 1, 'begun']]),
      wave('temp', HOUR),
    ];
    const second = [
      wave('temp', HOUR + 5 * MICROS_PER_HOUR),
      wave('humidity', DAY + 23 * MICROS_PER_HOUR + 1),
    ];
    await this.world.add({ device: this.device, columns: first, first: 1 });
    await this.world.add({ device: this.device, columns: second, first: 2 });
    return new Map([...told(first), ...told(second)]);
  }

  /** The points of its file. */
  async points(): Promise<Told> {
    return told(await readParquetDay(this.world.objects.get(this.key) ?? Buffer.alloc(0)));
  }

  manifest() {
    const key = `archive-manifests/site=berlin/date=2026-03-01/${this.device}.json`;
    return JSON.parse(String(this.world.objects.get(key)));
  }

  /** What the table says of it once it is archived. */
  async item(): Promise<Item | undefined> {
    return (await this.world.items(`${this.device}#a`))[0];
  }

  /** All items of the blocks of its hours. */
  async blocks(): Promise<Item[]> {
    return (await this.world.items(this.device)).filter(({ sk }) => /#[hp]/.test(sk?.S ?? ''));
  }

  /** Lets an item end at another second. */
  async expire(sk: string | undefined, second: number): Promise<void> {
    await this.world.aws.dynamo.send(
      new UpdateItemCommand({
        TableName: this.world.aws.measurementsTable,
        Key: { pk: { S: this.device }, sk: { S: sk ?? '' } },
        UpdateExpression: 'SET expiresAt = :second',
        ExpressionAttributeValues: { ':second': { N: String(second) } },
      }),
    );
  }
}

export const it = base.extend('day', ({ world, device }) => new Day(world, device));
