# jq -n -f talk.jq JOURNAL...: does the journal hold a conversation in which every call has its answer?
# Gives {faults: [sentence], left: [ids of calls that an end of the engine or a stop of the step left open]}.
def uses: [.message.content[]? | select(.type == "tool_use") | .id];
def results: [.message.content[]? | select(.type == "tool_result") | .id];
def leave: .left += .open | .open = [];

reduce inputs as $e ({ open: [], left: [], faults: [] };
	if $e.type == "engine-started" or ($e.type == "step-ended" and $e.outcome == "stopped") then
		leave
	elif $e.type == "step-ended" and .open != [] then
		.faults += ["event \($e.seq): step \($e.step) ended with calls that are not answered"] | leave
	elif $e.type == "memory" and $e.what == "checkpoint" and .open != [] then
		.faults += ["event \($e.seq): the conversation was cut between a call and its answer"] | .open = []
	elif $e.type == "message" and $e.message.role == "assistant" then
		(if .open != [] then .faults += ["event \($e.seq): the model was asked before all its calls were answered"] else . end)
		| .open = ($e | uses)
		| (if (.open | unique | length) != (.open | length) then .faults += ["event \($e.seq): two calls of one id"] else . end)
	elif $e.type == "message" then
		($e | results) as $r
		| (if $r - .open != [] then .faults += ["event \($e.seq): an answer to no call, or a second one"] else . end)
		| .open -= $r
	else . end)
| leave
| { faults, left }
