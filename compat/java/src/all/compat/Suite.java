package compat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs the checks and prints a line for each: {@code Suite LIBRARY LEFT-OUT-TABLE BOOTSTRAP [--groups|--transactions] [--only CHECK]...} */
public final class Suite {
    private static final int LIMIT_S = 60;

    private Suite() {
    }

    public static void main(String[] args) throws IOException {
        String library = args[0];
        Set<String> skip = leftOut(Path.of(args[1]), library);
        String set = "";
        List<String> only = new ArrayList<>();
        for (int i = 3; i < args.length; i++) {
            if (args[i].equals("--groups") || args[i].equals("--transactions")) {
                set = args[i];
            } else if (args[i].equals("--only") && i + 1 < args.length) {
                only.add(args[++i]);
            } else {
                System.err.println("unknown argument " + args[i]);
                System.exit(2);
            }
        }
        Client client = new Client(library, args[2]);
        Checks checks = new Checks(client);
        Map<String, Checks.Check> chosen = set.isEmpty() ? checks.node()
            : set.equals("--groups") ? checks.groups() : client.access.transactions(client, checks);
        ExecutorService threads = Executors.newCachedThreadPool(body -> {
            Thread thread = new Thread(body);
            thread.setDaemon(true);
            return thread;
        });
        int failed = 0;
        for (Map.Entry<String, Checks.Check> entry : chosen.entrySet()) {
            String name = entry.getKey();
            if (skip.contains(name) || !only.isEmpty() && !only.contains(name)) {
                continue;
            }
            long begun = System.nanoTime();
            String why = attempt(threads, entry.getValue());
            failed += why == null ? 0 : 1;
            System.out.println(why == null
                ? String.format("ok %s %.2f", name, (System.nanoTime() - begun) / 1e9)
                : "fail " + name + ": " + why);
            System.out.flush();
        }
        // Clients that hang must not keep the process.
        Runtime.getRuntime().halt(failed == 0 ? 0 : 1);
    }

    private static String attempt(ExecutorService threads, Checks.Check check) {
        try {
            threads.submit(() -> {
                check.run();
                return null;
            }).get(LIMIT_S, TimeUnit.SECONDS);
            return null;
        } catch (TimeoutException late) {
            return "no result within " + LIMIT_S + " s";
        } catch (ExecutionException | InterruptedException error) {
            return String.valueOf(error.getCause()).replace('\n', ' ');
        }
    }

    private static Set<String> leftOut(Path table, String library) throws IOException {
        Set<String> names = new HashSet<>();
        for (String line : Files.readAllLines(table)) {
            String[] row = line.split("\t");
            if (row.length > 1 && row[0].equals(library)) {
                names.add(row[1]);
            }
        }
        return names;
    }
}
