/** Where the page lies: what `vite build` has made, and what the stage says of itself. */
import { Duration, Stack, Validations } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, CacheControl, type ISource, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { Construct } from 'constructs';
import { DISCOVERY_PATH, type Discovery } from '../../contracts/resources/discovery.ts';
import type { Settings } from '../settings.ts';
import { acceptDoubleDependency } from './cdk-function.ts';
import { removalPolicy } from './removal.ts';

/** Folder of the files whose names hold the hash of what is in them, below the built page and in the bucket. */
const HASHED = 'assets';

const FOR_EVER = [
  CacheControl.setPublic(),
  CacheControl.maxAge(Duration.days(365)),
  CacheControl.immutable(),
];
const ALWAYS_ASK = [CacheControl.noCache()];

interface Deployed {
  readonly cacheControl: CacheControl[];
  readonly destinationKeyPrefix?: string;
  readonly contentType?: string;
}

export interface PageFilesProps {
  readonly settings: Settings;
}

/** A private bucket, and what is put into it. */
export class PageFiles extends Construct {
  readonly bucket: s3.Bucket;
  readonly #settings: Settings;

  constructor(scope: Construct, id: string, { settings }: PageFilesProps) {
    super(scope, id);
    this.#settings = settings;
    this.bucket = new s3.Bucket(this, 'Bucket', {
      // S3's own key: one of KMS would have to name the distribution, which names the bucket.
      encryption: s3.BucketEncryption.S3_MANAGED,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      removalPolicy: removalPolicy(settings),
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'It holds what everybody may read, and CloudFront alone reads it.',
    });
  }

  /**
   * Fills the bucket. Nothing is pruned, so that a page that is open since before the deployment finds its files; what
   * names them comes last.
   * @param page folder that `vite build` has written
   */
  fill(page: string, discovery: Discovery): void {
    const settings = this.#settings;
    const logGroup = new logs.LogGroup(this, 'Logs', {
      retention: settings.logs.retentionDays as logs.RetentionDays,
      removalPolicy: removalPolicy(settings),
    });
    const deploy = (id: string, source: ISource, as: Deployed): BucketDeployment =>
      new BucketDeployment(this, id, {
        destinationBucket: this.bucket,
        prune: false,
        // The same for all of them: then it is one function. With 128 MB, as it was once by itself, it can hang.
        memoryLimit: 1024,
        logGroup,
        ...as,
        sources: [source],
      });
    const hashed = deploy('Hashed', Source.asset(`${page}/${HASHED}`), {
      destinationKeyPrefix: `${HASHED}/`,
      cacheControl: FOR_EVER,
    });
    const said = deploy('Discovery', Source.jsonData(DISCOVERY_PATH.slice(1), discovery), {
      cacheControl: ALWAYS_ASK,
      contentType: 'application/json',
    });
    const rest = deploy('Page', Source.asset(page, { exclude: [HASHED] }), { cacheControl: ALWAYS_ASK });
    rest.node.addDependency(hashed, said);
    this.#acknowledge(hashed);
  }

  /** The function that fills the bucket is CDK's own, one for the stack. */
  #acknowledge({ handlerRole }: BucketDeployment): void {
    const stack = Stack.of(this);
    const bucket = stack.getLogicalId(this.bucket.node.defaultChild as s3.CfnBucket);
    const reads = ['Action::s3:GetObject*', 'Action::s3:GetBucket*', 'Action::s3:List*'];
    const writes = ['Action::s3:DeleteObject*', 'Action::s3:Abort*', `Resource::<${bucket}.Arn>/*`];
    // Of `cdk bootstrap`.
    const assets = `Resource::arn:<AWS::Partition>:s3:::cdk-hnb659fds-assets-<AWS::AccountId>-${stack.region}/*`;
    const provider = handlerRole.node.scope ?? stack;
    acceptDoubleDependency(provider);
    const acknowledge = (id: string, reason: string): void =>
      Validations.of(provider).acknowledge({ id, reason });
    for (const finding of [...reads, ...writes, assets]) {
      acknowledge(
        `AwsSolutions-IAM5[${finding}]`,
        'CDK lets its function read the assets of CDK, and write this bucket.',
      );
    }
    acknowledge(
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
      'CDK lets its function write logs by the policy that AWS has for that.',
    );
    acknowledge('Serverless-LambdaDLQ', 'CloudFormation waits for the answer, and takes back what failed.');
    for (const id of ['AwsSolutions-L1', 'Serverless-LambdaLatestVersion'])
      acknowledge(id, 'CDK chooses the runtime of its function.');
    acknowledge('Serverless-LambdaTracing', 'It runs at a deployment, and CloudFormation tells how it went.');
  }
}
