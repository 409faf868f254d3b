/** Which service may invoke a function: the `AWS::Lambda::Permission`s of the templates. */
import * as z from 'zod';
import { arnMatcher } from '../iam/wildcard.ts';
import type { Assembly } from '../types.ts';

const permission = z.object({
  Action: z.string(),
  FunctionName: z.string(),
  Principal: z.string(),
  SourceArn: z.string().optional(),
  SourceAccount: z.string().optional(),
});

/** What keeps a service from invoking a function for a source; `undefined` when nothing does. */
export type CheckPermission = (functionArn: string, sourceArn: string) => string | undefined;

/** @param service e.g. `iot.amazonaws.com` */
export const permissionsOf = (assembly: Assembly, service: string): CheckPermission => {
  const permissions = assembly.byType('AWS::Lambda::Permission').map(({ logicalId, properties }) => {
    const read = permission.safeParse(properties);
    if (!read.success) throw new Error(`${logicalId}: ${z.prettifyError(read.error)}`);
    const { data } = read;
    const fits = data.SourceArn === undefined ? () => true : arnMatcher(data.SourceArn);
    return { ...data, fits, functionArn: assembly.find(data.FunctionName)?.arn ?? data.FunctionName };
  });
  return (functionArn, sourceArn) => {
    const allowed = permissions.some(
      (each) =>
        each.functionArn === functionArn &&
        each.Principal === service &&
        ['lambda:InvokeFunction', 'lambda:*', '*'].includes(each.Action) &&
        each.fits(sourceArn) &&
        (each.SourceAccount === undefined || each.SourceAccount === assembly.account),
    );
    return allowed
      ? undefined
      : `no AWS::Lambda::Permission lets ${service} invoke ${functionArn} for ${sourceArn}`;
  };
};
