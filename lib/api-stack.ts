/** The HTTP API and who may call it. */
import { CfnOutput, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { AlertsApi } from './constructs/alerts-api.ts';
import { CommandsApi } from './constructs/commands-api.ts';
import { ControlApi } from './constructs/control-api.ts';
import { HttpApi } from './constructs/http-api.ts';
import { LiveAuthorizer } from './constructs/live-authorizer.ts';
import { MetricsApi } from './constructs/metrics-api.ts';
import { PeopleApi } from './constructs/people-api.ts';
import { QueryApi } from './constructs/query-api.ts';
import { RecordsApi } from './constructs/records-api.ts';
import { SignIn } from './constructs/sign-in.ts';
import type { DevicesStack } from './devices-stack.ts';
import type { ProcessingStack } from './processing-stack.ts';
import type { Settings } from './settings.ts';
import type { StorageStack } from './storage-stack.ts';

export interface ApiStackProps extends StackProps {
  readonly settings: Settings;
  readonly storage: StorageStack;
  readonly devices: DevicesStack;
  readonly processing: ProcessingStack;
}

/** Sign-in, the functions that serve routes, and the API in front of them. */
export class ApiStack extends Stack {
  readonly signIn: SignIn;
  readonly http: HttpApi;
  /** Where and how a page connects to the broker. */
  readonly live: LiveAuthorizer;

  constructor(scope: Construct, id: string, props: ApiStackProps) {
    super(scope, id, props);
    const { settings, storage, devices, processing } = props;
    const signIn = new SignIn(this, 'SignIn', { settings });
    this.signIn = signIn;
    this.http = new HttpApi(this, 'Http', {
      settings,
      userPool: signIn.userPool,
      services: {
        'control-api': new ControlApi(this, 'ControlApi', { settings, storage, identity: devices.identity }),
        'commands-api': new CommandsApi(this, 'CommandsApi', {
          settings,
          storage,
          commands: devices.commands,
        }),
        'alerts-api': new AlertsApi(this, 'AlertsApi', { settings, storage, alerts: processing.alerts }),
        'metrics-api': new MetricsApi(this, 'MetricsApi', { settings, storage }),
        'people-api': new PeopleApi(this, 'PeopleApi', { settings, storage, userPool: signIn.userPool }),
        'query-api': new QueryApi(this, 'QueryApi', { settings, storage }),
        'records-api': new RecordsApi(this, 'RecordsApi', { settings, storage, exports: processing.exports }),
      },
    });
    this.live = new LiveAuthorizer(this, 'Live', { settings, storage, userPool: signIn.userPool });
    const output = (name: string, value: string): CfnOutput => new CfnOutput(this, name, { value });
    output('ApiUrl', this.http.api.url);
    output('Issuer', signIn.userPool.userPoolProviderUrl);
    output('TokenEndpoint', `${signIn.domain.baseUrl()}/oauth2/token`);
    output('PeopleClientId', signIn.people.userPoolClientId);
    output('LiveUrl', this.live.url);
    output('LiveAuthorizer', this.live.authorizer);
    output('UserPoolId', signIn.userPool.userPoolId);
    for (const [name, client] of signIn.programs)
      output(`Program${name.replaceAll('-', '')}ClientId`, client.userPoolClientId);
  }
}
