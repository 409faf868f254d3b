/** DynamoDB of the assembly: its tables made, and the service before them. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Assembly, AwsService, Log } from '../../types.ts';
import { DynamoEngine } from './engine.ts';
import { DynamoService } from './service.ts';
import { provisionTable, tablesOf } from './tables.ts';

/**
 * @param dataDir folder whose content survives; in memory when absent
 * @param acceptDamage opens a damaged store all the same, as far as it can be read
 */
export async function openDynamo(
  assembly: Assembly,
  dataDir: string | undefined,
  log: Log,
  acceptDamage = false,
  sweepMs?: number,
): Promise<{ readonly service: AwsService; close(): Promise<void> }> {
  const tables = tablesOf(assembly);
  const path = dataDir === undefined ? undefined : join(dataDir, 'dynamodb');
  if (path !== undefined) await mkdir(path, { recursive: true });
  const shapes = new Map([...tables].map(([name, table]) => [name, table.shape]));
  const engine = await DynamoEngine.open(
    path,
    shapes,
    assembly.region,
    assembly.account,
    log,
    acceptDamage,
    sweepMs,
  );
  try {
    for (const table of tables.values()) await provisionTable(engine, table);
  } catch (error) {
    await engine.close();
    throw error;
  }
  return { service: new DynamoService(assembly, engine, tables), close: () => engine.close() };
}
