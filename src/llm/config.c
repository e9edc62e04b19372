/* The section [agent] of avo.conf, as far as it names a model. */
#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "llm/http_url.h"
#include "llm/key.h"
#include "llm/pricing.h"
#include "llm/wire.h"

#include <errno.h>
#include <strings.h>
#include <unistd.h>

#define KEY_COMMAND_MS 15000
#define KEY_COMMAND_MAX_MS 45000	/* who starts an engine waits a minute for it */

#define NO_MODEL_HELP \
	"set agent.model in avo.conf, or run without a model: operator = mutate needs none, " \
	"and a local server (llama-server, vLLM, Ollama) needs only agent.base-url"

static void set_string(char **out, const char *value)
{
	*out = value && *value ? xstrdup(value) : NULL;
}

/* An empty value means what a missing key means. */
static const char *text(const struct conf *conf, const char *key, const char *fallback)
{
	const char *value = conf_str(conf, key, "");

	return *value ? value : fallback;
}

static bool is_local(const char *url)
{
	return strncasecmp(url, "http://", 7) == 0;
}

static enum avo_status choose_wire(struct llm_config *c, const struct conf *conf, struct error *err)
{
	const char *url = text(conf, "agent.base-url", NULL);
	bool anthropic = str_starts(c->model, "claude") || (url && strstr(url, "anthropic"));
	const char *api = text(conf, "agent.api", anthropic ? "messages" : "chat");
	size_t len;

	c->wire = wire_find(api);
	if (!c->wire)
		return error_set(err, AVO_USAGE, "agent.api = %s is unknown; it is 'messages' (Anthropic) or 'chat' (OpenAI and most servers)", api);
	if (!url)
		url = c->wire == &wire_messages ? "https://api.anthropic.com" : "https://api.openai.com";
	c->base_url = xstrdup(url);
	len = strlen(c->base_url);
	while (len && c->base_url[len - 1] == '/')
		c->base_url[--len] = '\0';
	if (str_ends(c->base_url, "/v1"))
		c->base_url[len - 3] = '\0';
	return http_check_url(c->base_url, err);
}

/* The engine has no directory of its own to count from. "~/" is the user's home. *out is owned, NULL when not set. */
static enum avo_status read_file_name(char **out, const struct conf *conf, const char *key, struct error *err)
{
	const char *value = text(conf, key, NULL), *home = getenv("HOME");

	*out = NULL;
	if (!value)
		return AVO_OK;
	if (*value == '/')
		*out = xstrdup(value);
	else if (str_starts(value, "~/") && home && *home == '/')
		*out = path_join(home, value + 2);
	else
		return error_set(err, AVO_USAGE, "%s = %.200s is not an absolute path; it begins with / or ~/", key, value);
	return AVO_OK;
}

/* libcurl itself knows neither; SSL_CERT_FILE is what other programs on such a machine are told with. */
static enum avo_status read_ca_file(struct llm_config *c, const struct conf *conf, struct error *err)
{
	const char *env = getenv("SSL_CERT_FILE"), *named = "agent.ca-file";
	enum avo_status st = read_file_name(&c->ca_file, conf, "agent.ca-file", err);

	if (st != AVO_OK || is_local(c->base_url))
		return st;
	if (!c->ca_file && env && *env) {
		c->ca_file = xstrdup(env);
		named = "SSL_CERT_FILE";
	}
	if (c->ca_file && access(c->ca_file, R_OK) != 0)
		return error_set(err, AVO_ENVIRONMENT, "%s = %.200s: %s; it names a file of CA certificates (PEM)", named, c->ca_file, strerror(errno));
	return AVO_OK;
}

static enum avo_status read_key(struct llm_config *c, const struct conf *conf, struct error *err)
{
	struct llm_key_source source = { .command = text(conf, "agent.key-command", NULL) };
	const char *env = text(conf, "agent.key-env",
				   c->wire == &wire_messages ? "ANTHROPIC_API_KEY" : "OPENAI_API_KEY");
	char *file = NULL;
	enum avo_status st;

	if ((st = conf_duration(&source.command_ms, conf, "agent.key-timeout", KEY_COMMAND_MS, err)) != AVO_OK ||
	    (st = read_file_name(&file, conf, "agent.key-file", err)) != AVO_OK)
		return st;
	if (file && source.command) {
		free(file);
		return error_set(err, AVO_USAGE, "agent.key-file and agent.key-command are both set; keep one");
	}
	if (source.command_ms < 1 || source.command_ms > KEY_COMMAND_MAX_MS)
		source.command_ms = KEY_COMMAND_MAX_MS;
	c->key_source = file ? xasprintf("file %s", file) : source.command ? xstrdup("agent.key-command") :
			xasprintf("environment variable %s", env);
	source.file = file;
	source.env = file || source.command ? NULL : env;
	st = llm_key_read(&c->key, &source, err);
	free(file);
	if (st != AVO_NEGATIVE)
		return st;
	if (is_local(c->base_url)) {
		if (err)
			*err = (struct error){ 0 };
		return AVO_OK;
	}
	return error_set(err, AVO_ENVIRONMENT, "no key for %s: set the environment variable %s, or agent.key-file or "
			 "agent.key-command in avo.conf. Without a key: operator = mutate needs no model, "
			 "and agent.base-url = http://localhost:8080 uses a server of your own", c->base_url, env);
}

static bool collect_header(void *arg, const char *key, const char *value)
{
	struct llm_config *c = arg;
	size_t n = 0;

	if (strcmp(key, "agent.header") != 0 || !strchr(value, ':') || strpbrk(value, "\r\n"))
		return true;
	while (c->headers[n])
		n++;
	c->headers = xrealloc(c->headers, (n + 2) * sizeof(*c->headers));
	c->headers[n] = xstrdup(value);
	c->headers[n + 1] = NULL;
	return true;
}

static enum avo_status read_extra_body(struct llm_config *c, const struct conf *conf, struct error *err)
{
	const char *body = text(conf, "agent.extra-body", NULL);
	enum avo_status st;

	if (!body)
		return AVO_OK;
	st = json_parse(&c->extra_body, body, strlen(body), err);
	if (st == AVO_OK && !cJSON_IsObject(c->extra_body))
		st = error_set(err, AVO_USAGE, "it is not a JSON object");
	return st == AVO_OK ? AVO_OK : error_prefix(err, st, "agent.extra-body");
}

static enum avo_status read_thinking(struct llm_config *c, const struct conf *conf, struct error *err)
{
	const char *t = text(conf, "agent.thinking", "default");

	if (strcmp(t, "off") == 0)
		c->thinking = LLM_THINKING_OFF;
	else if (strcmp(t, "adaptive") == 0)
		c->thinking = LLM_THINKING_ADAPTIVE;
	else if (strcmp(t, "default") != 0)
		return error_set(err, AVO_USAGE, "agent.thinking = %s is unknown; it is default, adaptive or off", t);
	return AVO_OK;
}

static enum avo_status read_numbers(struct llm_config *c, const struct conf *conf, struct error *err)
{
	int64_t window = str_starts(c->model, "claude") ? 200000 : 128000;
	enum avo_status st;

	if ((st = conf_int(&c->context_window, conf, "agent.context-window", 0, err)) != AVO_OK ||
	    (st = conf_int(&c->max_output, conf, "agent.max-output", 16000, err)) != AVO_OK ||
	    (st = conf_int(&c->output_limit, conf, "agent.output-limit", 0, err)) != AVO_OK ||
	    (st = conf_duration(&c->header_ms, conf, "agent.first-byte-timeout", 15 * 60000, err)) != AVO_OK ||
	    (st = conf_duration(&c->idle_ms, conf, "agent.idle-timeout", 3 * 60000, err)) != AVO_OK ||
	    (st = conf_duration(&c->stall_ms, conf, "agent.stall-timeout", 10 * 60000, err)) != AVO_OK ||
	    (st = conf_duration(&c->outage_ms, conf, "agent.outage-limit", 12 * 3600000, err)) != AVO_OK ||
	    (st = conf_bool(&c->cache, conf, "agent.cache", true, err)) != AVO_OK ||
	    (st = conf_bool(&c->cache_1h, conf, "agent.cache-hour", false, err)) != AVO_OK ||
	    (st = conf_bool(&c->tool_choice, conf, "agent.tool-choice", true, err)) != AVO_OK ||
	    (st = conf_bool(&c->replay_reasoning, conf, "agent.replay-reasoning", false, err)) != AVO_OK)
		return st;
	if (c->context_window == 0)
		c->context_window = window;
	if (c->context_window < 8000 || c->max_output < 256 || c->max_output > c->context_window / 2)
		return error_set(err, AVO_USAGE, "agent.context-window = %lld and agent.max-output = %lld do not go together: the window is at least "
				 "8000 tokens and the output at most half of it", (long long)c->context_window, (long long)c->max_output);
	if (c->output_limit != 0 && (c->output_limit < c->max_output || c->output_limit > c->context_window / 2))
		return error_set(err, AVO_USAGE, "agent.output-limit = %lld: it is at least agent.max-output (%lld) and at most half of the window (%lld), "
				 "or 0", (long long)c->output_limit, (long long)c->max_output, (long long)(c->context_window / 2));
	return AVO_OK;
}

static enum avo_status read_prices(struct llm_config *c, const struct conf *conf, struct error *err)
{
	struct llm_prices *p = &c->prices, given = { 0 };
	enum avo_status st;

	*p = llm_published_prices(c->model);
	if (is_local(c->base_url))
		*p = (struct llm_prices){ .known = true };
	if ((st = conf_num(&given.input, conf, "agent.price-input", 0, err)) != AVO_OK ||
	    (st = conf_num(&given.output, conf, "agent.price-output", 0, err)) != AVO_OK ||
	    (st = conf_num(&given.cache_write, conf, "agent.price-cache-write", 0, err)) != AVO_OK ||
	    (st = conf_num(&given.cache_read, conf, "agent.price-cache-read", 0, err)) != AVO_OK)
		return st;
	if (given.input > 0 && given.output > 0)
		*p = (struct llm_prices){ given.input, given.output, given.input, given.input, true };
	if (given.cache_write > 0)
		p->cache_write = given.cache_write;
	if (given.cache_read > 0)
		p->cache_read = given.cache_read;
	return AVO_OK;
}

enum avo_status llm_config_read(struct llm_config *out, const struct conf *conf, struct error *err)
{
	struct llm_config *c = out;
	enum avo_status st;

	memset(c, 0, sizeof(*c));
	c->headers = xcalloc(1, sizeof(*c->headers));
	set_string(&c->model, conf_str(conf, "agent.model", NULL));
	set_string(&c->effort, conf_str(conf, "agent.effort", NULL));
	conf_each(conf, collect_header, c);
	if (!c->model)
		st = error_set(err, AVO_ENVIRONMENT, "no model is named: %s", NO_MODEL_HELP);
	else if ((st = choose_wire(c, conf, err)) == AVO_OK &&
		 (st = read_extra_body(c, conf, err)) == AVO_OK &&
		 (st = read_thinking(c, conf, err)) == AVO_OK &&
		 (st = read_numbers(c, conf, err)) == AVO_OK &&
		 (st = read_prices(c, conf, err)) == AVO_OK &&
		 (st = read_ca_file(c, conf, err)) == AVO_OK)
		st = read_key(c, conf, err);
	if (st != AVO_OK)
		llm_config_release(c);
	return st;
}

static void drop_key(char *key)
{
	if (key)
		explicit_bzero(key, strlen(key));
	free(key);
}

enum avo_status llm_config_renew_key(struct llm_config *c, const struct conf *conf, struct error *err)
{
	struct llm_config fresh = { .wire = c->wire, .base_url = c->base_url };
	enum avo_status st;

	if (!text(conf, "agent.key-file", NULL) && !text(conf, "agent.key-command", NULL))
		return AVO_OK;
	st = read_key(&fresh, conf, err);
	if (st == AVO_OK) {
		drop_key(c->key);
		c->key = fresh.key;
	}
	free(fresh.key_source);
	return st;
}

void llm_config_release(struct llm_config *c)
{
	size_t i;

	free(c->model);
	free(c->base_url);
	drop_key(c->key);
	free(c->key_source);
	free(c->ca_file);
	free(c->effort);
	for (i = 0; c->headers && c->headers[i]; i++)
		free(c->headers[i]);
	free(c->headers);
	cJSON_Delete(c->extra_body);
	memset(c, 0, sizeof(*c));
}
