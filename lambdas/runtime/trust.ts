/** The roots by which a device is to trust the broker. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';

/**
 * The bundle in PEM. AWS IoT's endpoint is signed by the Amazon roots that Node ships. Where Node is told of
 * another root (`NODE_EXTRA_CA_CERTS`), the broker is a private one, signed by that.
 * @param extra path of a PEM file
 * @throws {Error} when the file cannot be read, or Node ships no Amazon root
 */
export const brokerRoots = async (
  extra: string | undefined = process.env['NODE_EXTRA_CA_CERTS'],
): Promise<string> => {
  if (extra) return await readFile(extra, 'utf8');
  const roots = rootCertificates.filter((pem) =>
    /^CN=Amazon Root CA \d+$/m.test(new X509Certificate(pem).subject),
  );
  if (roots.length === 0) throw new Error('Node ships no Amazon root certificate');
  return `${roots.join('\n')}\n`;
};
