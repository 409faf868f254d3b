/** The page, and the one origin of page and API. Files of the page are built before: synth only takes them. */
import { CfnOutput, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Discovery } from '../contracts/resources/discovery.ts';
import type { ApiStack } from './api-stack.ts';
import { PageDistribution } from './constructs/page-distribution.ts';
import { PageFiles } from './constructs/page-files.ts';
import { PageHeaders } from './constructs/page-headers.ts';
import { PeopleClient } from './constructs/people-client.ts';
import type { Settings } from './settings.ts';

export interface WebStackProps extends StackProps {
  readonly settings: Settings;
  readonly api: ApiStack;
  /** Folder of the built page. */
  readonly page: string;
  /** Where browsers get live values; without it they get none. */
  readonly live?: NonNullable<Discovery['live']>;
}

/** Bucket, distribution, and the client with which the page signs people in. */
export class WebStack extends Stack {
  constructor(scope: Construct, id: string, { settings, api, page, live, ...props }: WebStackProps) {
    super(scope, id, props);
    const { userPool, domain } = api.signIn;
    const files = new PageFiles(this, 'Page', { settings });
    const issuer = userPool.userPoolProviderUrl;
    const parts = Fn.split('/', issuer);
    const headers = new PageHeaders(this, 'Headers', {
      connectTo: [
        `${Fn.select(0, parts)}//${Fn.select(2, parts)}`,
        domain.baseUrl(),
        ...(live === undefined ? [] : [live.url]),
      ],
    });
    const distribution = new PageDistribution(this, 'Distribution', {
      settings,
      bucket: files.bucket,
      api: api.http.api,
      headers,
    });
    const client = new PeopleClient(this, 'Client', {
      userPool,
      name: 'labgate-page',
      addresses: [`${distribution.url}/`],
    });
    const discovery: Discovery = {
      stage: settings.stage,
      region: this.region,
      api: '',
      signIn: { issuer, clientId: client.userPoolClientId, logoutUrl: `${domain.baseUrl()}/logout` },
      ...(live === undefined ? {} : { live: { url: live.url, authorizer: live.authorizer } }),
    };
    files.fill(page, discovery);
    new CfnOutput(this, 'PageUrl', { value: `${distribution.url}/` });
    new CfnOutput(this, 'PageBucket', { value: files.bucket.bucketName });
  }
}
