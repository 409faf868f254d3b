/** Whether API Gateway may invoke a function. */
import { permissionsOf } from '../lambda/permissions.ts';
import { AccessDenied, type Assembly, type Iam } from '../types.ts';
import type { LambdaIntegration } from './model.ts';

const SERVICE = 'apigateway.amazonaws.com';

/** What keeps API Gateway from invoking a function; `undefined` when nothing does. */
export type CheckInvoke = (integration: LambdaIntegration, sourceArn: string) => string | undefined;

/**
 * May API Gateway invoke a function? By the role of the integration when it names one, else by the
 * function's resource policy, which is the `AWS::Lambda::Permission`s of the templates.
 */
export function createInvokeCheck(assembly: Assembly, iam: Iam): CheckInvoke {
  const check = permissionsOf(assembly, SERVICE);
  return ({ functionArn, credentials }, sourceArn) => {
    if (credentials === undefined) return check(functionArn, sourceArn);
    if (!iam.assumableBy(credentials, SERVICE)) return `${credentials} does not trust ${SERVICE}`;
    try {
      iam.authorize(credentials, { action: 'lambda:InvokeFunction', resource: functionArn });
    } catch (denied) {
      if (denied instanceof AccessDenied) return denied.message;
      throw denied;
    }
    return undefined;
  };
}
