/** Answers that are made while they are sent. */

/**
 * Streams text or bytes. The first piece is made before the answer begins, so that a fault until then is still a problem
 * with its own status; a later one breaks the transfer.
 */
export const streamResponse = async (
  pieces: AsyncGenerator<string | Uint8Array>,
  headers: Readonly<Record<string, string>>,
): Promise<Response> => {
  const encoder = new TextEncoder();
  let next = await pieces.next();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (next.done) {
          controller.close();
          return;
        }
        const piece = next.value;
        next = await pieces.next();
        controller.enqueue(typeof piece === 'string' ? encoder.encode(piece) : piece);
      },
      async cancel() {
        await pieces.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers });
};
