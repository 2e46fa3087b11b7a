import java.io.File;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.PublicKey;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.api.PushCommand;
import org.eclipse.jgit.api.errors.GitAPIException;
import org.eclipse.jgit.transport.CredentialsProvider;
import org.eclipse.jgit.transport.PushResult;
import org.eclipse.jgit.transport.RefSpec;
import org.eclipse.jgit.transport.RemoteRefUpdate;
import org.eclipse.jgit.transport.SshTransport;
import org.eclipse.jgit.transport.sshd.ServerKeyDatabase;
import org.eclipse.jgit.transport.sshd.SshdSessionFactory;
import org.eclipse.jgit.transport.sshd.SshdSessionFactoryBuilder;

/** Pushes with JGit: KEY WORK OPTIONS REFSPEC..., prints a report as JSON (see client.py). */
public final class Push {
    private static final List<RemoteRefUpdate.Status> TAKEN =
            List.of(RemoteRefUpdate.Status.OK, RemoteRefUpdate.Status.UP_TO_DATE);

    public static void main(String[] words) throws Exception {
        Map<String, String> refs = new LinkedHashMap<>();
        StringBuilder said = new StringBuilder();
        boolean ok = true;
        try (Git git = Git.open(new File(words[1]));
                SshdSessionFactory ssh = sessions(Path.of(words[0]))) {
            for (PushResult result : command(git, ssh, words).call()) {
                said.append(result.getMessages());
                for (RemoteRefUpdate update : result.getRemoteUpdates()) {
                    boolean taken = TAKEN.contains(update.getStatus());
                    ok &= taken;
                    refs.put(update.getRemoteName(), taken ? "" : update.getStatus() + ": " + update.getMessage());
                }
            }
        } catch (GitAPIException error) {
            ok = false;
            said.append(error);
        }
        System.out.println("{\"ok\": " + ok + ", \"refs\": {" + refs.entrySet().stream()
                .map(ref -> quoted(ref.getKey()) + ": " + quoted(ref.getValue()))
                .collect(Collectors.joining(", ")) + "}, \"said\": " + quoted(said.toString()) + "}");
    }

    private static PushCommand command(Git git, SshdSessionFactory ssh, String[] words) {
        PushCommand command = git.push().setRemote("deploy")
                .setRefSpecs(Stream.of(words).skip(3).map(RefSpec::new).toList())
                .setTransportConfigCallback(transport -> ((SshTransport) transport).setSshSessionFactory(ssh));
        return words[2].isEmpty() ? command : command.setPushOptions(List.of(words[2].split(",")));
    }

    private static SshdSessionFactory sessions(Path key) {
        File home = key.getParent().toFile();
        return new SshdSessionFactoryBuilder().setHomeDirectory(home).setSshDirectory(home)
                .setConfigFile(directory -> null).setPreferredAuthentications("publickey")
                .setDefaultIdentities(directory -> List.of(key))
                .setServerKeyDatabase((directory, user) -> new AnyServer()).build(null);
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.chars().forEach(one -> quoted.append(
                one < 32 || one > 126 || one == '"' || one == '\\' ? String.format("\\u%04x", one) : "" + (char) one));
        return quoted.append('"').toString();
    }

    /** The host key of a test's receiver is as good as any. */
    private static final class AnyServer implements ServerKeyDatabase {
        @Override
        public List<PublicKey> lookup(String address, InetSocketAddress remote, Configuration config) {
            return List.of();
        }

        @Override
        public boolean accept(String address, InetSocketAddress remote, PublicKey key, Configuration config,
                CredentialsProvider provider) {
            return true;
        }
    }
}
