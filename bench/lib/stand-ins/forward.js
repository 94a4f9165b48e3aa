// The least a gateway can do in this runtime: read the request, ask the model server, hand its answer on.
// Shows how much of what the bundle costs is the runtime's own.

export default {
  async fetch(request, env) {
    const body = await request.text();
    return fetch(`${env.MODEL_SERVER_URL}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: request.signal,
    });
  },
};
