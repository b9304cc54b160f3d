/**
 * LiteLLM writes `provider/name` in `model`; the engine knows only `name`. Hugging Face names have
 * the same shape (`Qwen/Qwen3-8B`), so the first segment goes only when it is a provider that
 * speaks the OpenAI protocol. `openai/facebook/opt` becomes `facebook/opt`.
 */

const PROVIDERS = new Set([
  'openai',
  'hosted_vllm',
  'vllm',
  'sglang',
  'openai_like',
  'custom_openai',
  'text-completion-openai',
  'litellm_proxy',
  'lm_studio',
  'llamafile',
  'llamacpp',
  'lmdeploy',
  'xinference',
  'infinity',
  'ollama',
  'ollama_chat',
  'dashscope',
  'deepinfra',
  'deepseek',
  'fireworks_ai',
  'groq',
  'mistral',
  'moonshot',
  'nvidia_nim',
  'openrouter',
  'perplexity',
  'siliconflow',
  'together_ai',
  'volcengine',
  'xai',
  'zai',
]);

/** The name to send upstream. */
export function stripProvider(model: string): string {
  const slash = model.indexOf('/');
  if (slash <= 0 || slash === model.length - 1) return model;
  return PROVIDERS.has(model.slice(0, slash)) ? model.slice(slash + 1) : model;
}

/** Providers that are engines of one's own rather than somebody's service. */
const SELF_DEPLOYED = new Set([
  'hosted_vllm',
  'vllm',
  'sglang',
  'lm_studio',
  'llamafile',
  'llamacpp',
  'lmdeploy',
  'xinference',
  'infinity',
  'ollama',
  'ollama_chat',
]);

/** Whether `model` is written as a model of an engine of one's own. */
export function isSelfDeployed(model: string): boolean {
  return SELF_DEPLOYED.has(model.split('/', 1)[0]!);
}
