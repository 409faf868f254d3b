/** People on the broker: who they are and what they may do is for a function to say. */
import type * as cognito from 'aws-cdk-lib/aws-cognito';
import * as iot from 'aws-cdk-lib/aws-iot';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { IotEndpoint } from './iot-endpoint.ts';
import { type CapabilityProps, LambdaFunction } from './lambda-function.ts';

export interface LiveAuthorizerProps extends CapabilityProps {
  /** Who issues the tokens of people. */
  readonly userPool: cognito.UserPool;
}

/** `live-authorizer`, which AWS IoT asks about each connection that names it. */
export class LiveAuthorizer extends LambdaFunction {
  /** Name of the authorizer, which clients give in their user name. */
  readonly authorizer: string;
  /** `wss://HOST/mqtt`: what the page connects to, and its content security policy allows. */
  readonly url: string;

  constructor(scope: Construct, id: string, { settings, storage, userPool }: LiveAuthorizerProps) {
    super(scope, id, { service: 'live-authorizer', settings });
    this.usesAccessItems(storage, ['GetItem']);
    this.environment('TOKEN_ISSUER', userPool.userPoolProviderUrl);
    const authorizer = new iot.CfnAuthorizer(this, 'Authorizer', {
      authorizerFunctionArn: this.function.functionArn,
      // What would be signed is the token, which Cognito has signed; a browser has no key for another signature.
      signingDisabled: true,
      status: 'ACTIVE',
    });
    this.authorizer = authorizer.ref;
    new lambda.CfnPermission(this, 'AskedByIot', {
      action: 'lambda:InvokeFunction',
      functionName: this.function.functionArn,
      principal: 'iot.amazonaws.com',
      sourceArn: authorizer.attrArn,
    });
    this.url = `wss://${new IotEndpoint(this, 'Endpoint', { settings }).address}/mqtt`;
  }
}
