/** What the table holds of a device, and time that passes for it. */
import {
  type AttributeValue,
  DeleteItemCommand,
  DynamoDBClient,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { Lab } from '../support/lab.ts';

const open = (lab: Lab) => {
  const client = new DynamoDBClient({
    region: lab.gateway.assembly.region,
    endpoint: lab.gateway.addresses.aws,
    credentials: lab.gateway.iam.operator,
  });
  const table = lab.gateway.assembly
    .byType('AWS::DynamoDB::Table')
    .find(({ logicalId }) => logicalId.startsWith('Measurements'));
  if (table === undefined) throw new Error('no table of measurements');
  const items = async (pk: string): Promise<Record<string, AttributeValue>[]> => {
    const { Items = [] } = await client.send(
      new QueryCommand({
        TableName: table.physicalId,
        KeyConditionExpression: 'pk = :pk AND sk < :latest',
        ExpressionAttributeValues: { ':pk': { S: pk }, ':latest': { S: 'latest' } },
      }),
    );
    return Items;
  };
  return { client, TableName: table.physicalId, items };
};

/** Keys of a device's chunks and blocks. */
export const pointKeys = async (lab: Lab, device: string): Promise<string[]> => {
  const { client, items } = open(lab);
  const keys = (await items(device)).map(({ sk }) => sk?.S ?? '');
  client.destroy();
  return keys;
};

/** Lets the hot days of all archived days of a device be over, and DynamoDB delete what may go then. */
export const passHotDays = async (lab: Lab, device: string): Promise<void> => {
  const { client, TableName, items } = open(lab);
  for (const { pk, sk } of await items(`${device}#a`)) {
    if (pk === undefined || sk?.S === undefined) continue;
    await client.send(
      new UpdateItemCommand({
        TableName,
        Key: { pk, sk },
        UpdateExpression: 'SET hotUntil = :past',
        ExpressionAttributeValues: { ':past': { N: '1' } },
      }),
    );
    for (const item of await items(device))
      if (item['expiresAt'] !== undefined && item['sk']?.S?.startsWith(sk.S) && item['pk'] !== undefined)
        await client.send(new DeleteItemCommand({ TableName, Key: { pk: item['pk'], sk: item['sk'] } }));
  }
  client.destroy();
};
