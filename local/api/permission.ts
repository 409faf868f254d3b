/** Whether an `AWS::Lambda::Permission` lets API Gateway invoke a function. */
import { arnMatcher } from '../iam/wildcard.ts';
import { AccessDenied, type Assembly, type Iam } from '../types.ts';
import type { LambdaIntegration } from './model.ts';
import { permission as permissionSchema, read } from './properties.ts';

const SERVICE = 'apigateway.amazonaws.com';

/** What keeps API Gateway from invoking a function; `undefined` when nothing does. */
export type CheckInvoke = (integration: LambdaIntegration, sourceArn: string) => string | undefined;

/**
 * May API Gateway invoke a function? By the role of the integration when it names one, else by the
 * function's resource policy, which is the `AWS::Lambda::Permission`s of the templates.
 */
export function createInvokeCheck(assembly: Assembly, iam: Iam): CheckInvoke {
  const permissions = assembly.byType('AWS::Lambda::Permission').map((resource) => {
    const allowed = read(permissionSchema, resource);
    const fits = allowed.SourceArn === undefined ? () => true : arnMatcher(allowed.SourceArn);
    return {
      ...allowed,
      fits,
      functionArn: assembly.find(allowed.FunctionName)?.arn ?? allowed.FunctionName,
    };
  });
  return ({ functionArn, credentials }, sourceArn) => {
    if (credentials !== undefined) {
      if (!iam.assumableBy(credentials, SERVICE)) return `${credentials} does not trust ${SERVICE}`;
      try {
        iam.authorize(credentials, { action: 'lambda:InvokeFunction', resource: functionArn });
      } catch (denied) {
        if (denied instanceof AccessDenied) return denied.message;
        throw denied;
      }
      return undefined;
    }
    const allowed = permissions.some(
      (p) =>
        p.functionArn === functionArn &&
        p.Principal === SERVICE &&
        ['lambda:InvokeFunction', 'lambda:*', '*'].includes(p.Action) &&
        p.fits(sourceArn) &&
        (p.SourceAccount === undefined || p.SourceAccount === assembly.account),
    );
    return allowed
      ? undefined
      : `no AWS::Lambda::Permission lets ${SERVICE} invoke ${functionArn} for ${sourceArn}`;
  };
}
