/**
 * Batches of which only a part is done, as happens to all of them now and then: the request is cut down before
 * the service sees it, and the reply says what was left.
 */
import type { AwsRequest, AwsResponse, AwsService } from '../types.ts';
import type { Fields } from './json.ts';
import { fields, list, parseBody, targetOperation } from './json.ts';

/** Half of the entries are left undone, on average. */
const SHARE = 0.5;

interface Cut {
  /** What is still done; `undefined` when nothing of it is. */
  readonly input: Fields | undefined;
  /** The reply to the whole request out of the reply to what was done. */
  answer(output: Fields): Fields;
}

/** Handles a batch, leaving out the entries that `random` chooses. */
export async function handlePartly(
  service: AwsService,
  request: AwsRequest,
  random: () => number,
): Promise<AwsResponse> {
  const operation = targetOperation(request.headers['x-amz-target']);
  const input = parseBody(request.body);
  const cut = operation === 'PutRecords' ? cutRecords(input, random) : cutItems(operation, input, random);
  if (!cut.input) {
    const headers = { 'content-type': String(request.headers['content-type']) };
    return { status: 200, headers, body: JSON.stringify(cut.answer({})) };
  }
  const body = Buffer.from(JSON.stringify(cut.input));
  const response = await service.handle({ ...request, body });
  if (response.status !== 200) return response;
  const output = fields(JSON.parse(response.body.toString()));
  return { ...response, body: JSON.stringify(cut.answer(output)) };
}

function cutRecords(input: Fields, random: () => number): Cut {
  const records = list(input['Records']);
  const done = records.map(() => random() >= SHARE);
  const kept = records.filter((_, n) => done[n]);
  return {
    input: kept.length === 0 ? undefined : { ...input, Records: kept },
    answer: (output) => {
      const places = [...list(output['Records'])];
      const failed = {
        ErrorCode: 'ProvisionedThroughputExceededException',
        ErrorMessage: 'Rate exceeded (injected fault)',
      };
      return {
        ...output,
        FailedRecordCount: records.length - kept.length,
        Records: done.map((d) => (d ? places.shift() : failed)),
      };
    },
  };
}

/** `RequestItems` of BatchWriteItem hold a list for each table, those of BatchGetItem an object with `Keys`. */
function cutItems(operation: string, input: Fields, random: () => number): Cut {
  const writes = operation === 'BatchWriteItem';
  const kept: Record<string, unknown> = {};
  const left: Record<string, unknown> = {};
  for (const [table, asked] of Object.entries(fields(input['RequestItems']))) {
    const entries = list(writes ? asked : fields(asked)['Keys']);
    const done = entries.map(() => random() >= SHARE);
    const put = (target: Record<string, unknown>, chosen: readonly unknown[]) => {
      if (chosen.length > 0) target[table] = writes ? chosen : { ...fields(asked), Keys: chosen };
    };
    put(
      kept,
      entries.filter((_, n) => done[n]),
    );
    put(
      left,
      entries.filter((_, n) => !done[n]),
    );
  }
  const name = writes ? 'UnprocessedItems' : 'UnprocessedKeys';
  return {
    input: Object.keys(kept).length === 0 ? undefined : { ...input, RequestItems: kept },
    answer: (output) => ({
      ...(writes ? {} : { Responses: {} }),
      ...output,
      [name]: merge(fields(output[name]), left, writes),
    }),
  };
}

/** What the service itself left undone, and what was cut away. */
function merge(own: Fields, left: Fields, writes: boolean): Fields {
  const merged: Record<string, unknown> = { ...own };
  for (const [table, rest] of Object.entries(left)) {
    const before = own[table];
    if (before === undefined) merged[table] = rest;
    else if (writes) merged[table] = [...list(before), ...list(rest)];
    else
      merged[table] = {
        ...fields(rest),
        Keys: [...list(fields(before)['Keys']), ...list(fields(rest)['Keys'])],
      };
  }
  return merged;
}
