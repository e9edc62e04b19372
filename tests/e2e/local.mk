# tests/e2e: the whole program, driven from outside
E2E_TESTS = tests/e2e/house.sh tests/e2e/man.sh tests/e2e/read.sh tests/e2e/doctor.sh tests/e2e/run.sh
TESTS += $(E2E_TESTS)
EXTRA_DIST += $(E2E_TESTS)
tests/e2e/man.log: man/avo.1 completion/avo completion/_avo
tests/e2e/run.log: avo$(EXEEXT) avo-worker$(EXEEXT)
tests/e2e/read.log: avo$(EXEEXT) tests/lib/mkrun$(EXEEXT)
EXTRA_DIST += tests/e2e/golden
tests/e2e/doctor.log: avo$(EXEEXT)
TESTS += tests/e2e/agent.sh
EXTRA_DIST += tests/e2e/agent.sh tests/e2e/agent/scenario.jsonl tests/e2e/agent/talk.jq
TESTS += tests/e2e/jobs.sh
EXTRA_DIST += tests/e2e/jobs.sh tests/e2e/agent/jobs.jsonl
tests/e2e/agent.log: avo$(EXEEXT) avo-worker$(EXEEXT) tests/lib/model_script$(EXEEXT)
tests/e2e/jobs.log: avo$(EXEEXT) avo-worker$(EXEEXT) tests/lib/model_script$(EXEEXT)
TESTS += tests/e2e/gpu_journal.sh
tests/e2e/gpu_journal.log: avo$(EXEEXT)
EXTRA_DIST += tests/e2e/gpu_journal.sh tests/fixtures/h200-sm90a/journal.jsonl
TESTS += tests/e2e/knowledge.sh
EXTRA_DIST += tests/e2e/knowledge.sh
tests/e2e/knowledge.log: avo$(EXEEXT)
FAKE_CUDA = tests/lib/fake_cuda.so tests/lib/fake_cupti.so
TESTS += tests/e2e/counters.sh
tests/e2e/counters.log: avo$(EXEEXT) avo-worker$(EXEEXT) tests/lib/fake_cuda.so
EXTRA_DIST += tests/e2e/counters.sh
TESTS += tests/e2e/profile.sh
EXTRA_DIST += tests/e2e/profile.sh
tests/e2e/profile.log: avo$(EXEEXT) avo-worker$(EXEEXT) tests/lib/fake_worker$(EXEEXT) tests/lib/wb$(EXEEXT) $(FAKE_CUDA)
TESTS += tests/e2e/llama.sh
EXTRA_DIST += tests/e2e/llama.sh tests/lib/monkey_gguf.py
tests/e2e/llama.log: avo$(EXEEXT) avo-worker$(EXEEXT) tests/lib/fake_worker$(EXEEXT) tests/lib/model_relay$(EXEEXT)
TESTS += tests/e2e/hints.sh
EXTRA_DIST += tests/e2e/hints.sh
tests/e2e/hints.log: avo$(EXEEXT)
TESTS += tests/e2e/away.sh
EXTRA_DIST += tests/e2e/away.sh tests/lib/srunlike.sh
tests/e2e/away.log: avo$(EXEEXT) tests/lib/fake_worker$(EXEEXT)
TESTS += tests/e2e/gone.sh
EXTRA_DIST += tests/e2e/gone.sh
tests/e2e/gone.log: avo$(EXEEXT) tests/lib/fake_worker$(EXEEXT) $(VTDRIVE)
TESTS += tests/e2e/leave.sh
EXTRA_DIST += tests/e2e/leave.sh
tests/e2e/leave.log: avo$(EXEEXT) tests/lib/fake_worker$(EXEEXT) tests/lib/tell$(EXEEXT) $(VTDRIVE)
TESTS += tests/e2e/budget.sh
EXTRA_DIST += tests/e2e/budget.sh
tests/e2e/budget.log: avo$(EXEEXT) tests/lib/fake_worker$(EXEEXT)
TESTS += tests/e2e/install.sh
EXTRA_DIST += tests/e2e/install.sh
tests/e2e/install.log: avo$(EXEEXT) avo-worker$(EXEEXT)
TESTS += tests/e2e/key.sh
EXTRA_DIST += tests/e2e/key.sh
tests/e2e/key.log: avo$(EXEEXT) avo-worker$(EXEEXT) tests/lib/model_script$(EXEEXT)
TESTS += tests/e2e/bench.sh
EXTRA_DIST += tests/e2e/bench.sh
tests/e2e/bench.log: avo$(EXEEXT) avo-worker$(EXEEXT)
TESTS += tests/e2e/faults.sh
EXTRA_DIST += tests/e2e/faults.sh
tests/e2e/faults.log: avo$(EXEEXT) tests/lib/model_script$(EXEEXT) tests/lib/fake_worker$(EXEEXT)
TESTS += tests/e2e/scale.sh
EXTRA_DIST += tests/e2e/scale.sh
tests/e2e/scale.log: avo$(EXEEXT) tests/lib/fake_worker$(EXEEXT)
TESTS += tests/e2e/first.sh
EXTRA_DIST += tests/e2e/first.sh
tests/e2e/first.log: avo$(EXEEXT) avo-worker$(EXEEXT) tests/lib/fake_worker$(EXEEXT) tests/lib/fake_cuda.so $(VTDRIVE)
TESTS += tests/e2e/conf.sh tests/e2e/refs.sh tests/e2e/hosts.sh
EXTRA_DIST += tests/e2e/conf.sh tests/e2e/refs.sh tests/e2e/hosts.sh
tests/e2e/conf.log tests/e2e/refs.log: avo$(EXEEXT) tests/lib/fake_worker$(EXEEXT)
tests/e2e/hosts.log: avo$(EXEEXT) tests/lib/fake_worker$(EXEEXT) tests/lib/otherhost.so
TESTS += tests/e2e/deb.sh
EXTRA_DIST += tests/e2e/deb.sh tests/newcomer/run tests/newcomer/root.sh
TESTS += tests/e2e/docs.sh
EXTRA_DIST += tests/e2e/docs.sh tests/lib/doc_blocks.awk
tests/e2e/docs.log: avo$(EXEEXT) avo-worker$(EXEEXT) man/avo.1
TESTS += tests/e2e/candidate.sh
EXTRA_DIST += tests/e2e/candidate.sh
tests/e2e/candidate.log: avo$(EXEEXT) avo-worker$(EXEEXT) tests/lib/fake_worker$(EXEEXT) tests/lib/model_script$(EXEEXT) tests/lib/fake_cuda.so
tests/e2e/run.log tests/e2e/budget.log tests/e2e/scale.log tests/e2e/agent.log tests/e2e/profile.log: tests/lib/journal_check$(EXEEXT)
TESTS += tests/e2e/bootstrap.sh
EXTRA_DIST += tests/e2e/bootstrap.sh
