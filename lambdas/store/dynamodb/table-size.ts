/** How much a table holds, without reading it. */
import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** As DynamoDB counts every six hours or so. */
export interface TableSize {
  readonly items: number;
  readonly bytes: number;
}

/** Size of a table as of some hours ago. */
export const readTableSize = async (client: DynamoDBClient, table: string): Promise<TableSize> => {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: table }));
  return { items: Table?.ItemCount ?? 0, bytes: Table?.TableSizeBytes ?? 0 };
};
